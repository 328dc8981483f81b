-- name: keys_in_force
-- All keys that may still be used, or may be again when a clock is set back: few enough to hold in memory.
select
    key_id, tenant, secret_hash, scopes, test, signed, rate_per_s, burst,
    (extract(epoch from expires_at) * 1000)::bigint as expires_at_ms
from api_keys
where revoked_at is null and (expires_at is null or expires_at > now() - interval '1 hour')
order by created_at desc limit %(limit)s

-- name: listen
listen api_keys

-- name: notify
notify api_keys

-- name: lock_keys
-- Two who create keys at once must see each other.
lock table api_keys in share row exclusive mode

-- name: count_keys
select
    count(*) filter (where tenant = %(tenant)s and name = %(name)s) as alike,
    count(*) as live
from api_keys
where revoked_at is null and (expires_at is null or expires_at > clock_timestamp())

-- name: create_key
insert into api_keys (
    key_id, tenant, name, secret_hash, scopes, test, signed, rate_per_s, burst, expires_at
) values (
    %(key_id)s, %(tenant)s, %(name)s, %(secret_hash)s, %(scopes)s, %(test)s, %(signed)s, %(rate_per_s)s,
    %(burst)s, %(expires_at)s
)

-- name: list_keys
select
    key_id, tenant, name, scopes, test, signed, rate_per_s, burst, created_at, expires_at, revoked_at
from api_keys order by tenant, name, created_at

-- name: revoke_key
update api_keys set revoked_at = clock_timestamp() where key_id = %(key_id)s and revoked_at is null
returning key_id

-- name: known_secret
select key_id from api_keys where secret_hash = %(secret_hash)s and revoked_at is null
