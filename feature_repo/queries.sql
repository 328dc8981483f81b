-- name: upsert
-- One statement a batch; a row never gives way to one with a lower (epoch, version).
insert into online_store as kept (view, entity_id, epoch, version, known_at, payload)
select view, entity_id, epoch, version, 'epoch'::timestamptz + known_at_us * interval '1 microsecond', payload
from unnest(%b::text[], %b::text[], %b::bigint[], %b::bigint[], %b::bigint[], %b::bytea[])
    as newer (view, entity_id, epoch, version, known_at_us, payload)
on conflict (view, entity_id) do update
set epoch = excluded.epoch, version = excluded.version, known_at = excluded.known_at,
    payload = excluded.payload, written_at = clock_timestamp()
where (excluded.epoch, excluded.version) >= (kept.epoch, kept.version)

-- name: read
-- Any number of views in one round trip.
select view, entity_id, known_at, payload, null::text as transaction_id
from unnest(%s::text[], %s::text[]) as wanted (view, entity_id)
join online_store using (view, entity_id)

-- name: read_with_in_flight
-- The same, and what the API has under way, in the order in which it came.
with wanted as (
    select view, entity_id from unnest(%s::text[], %s::text[]) as wanted (view, entity_id)
), under_way as not materialized (
    select seq, transaction_id, card_id, user_id, device_id, event as payload,
        'epoch'::timestamptz + at_ms * interval '1 millisecond' as known_at
    from inflight
), found as (
    select view, entity_id, known_at, payload, null::text as transaction_id, 0 as seq
    from wanted join online_store using (view, entity_id)
    union all
    select view, entity_id, known_at, payload, transaction_id, seq
    from wanted join under_way on view = 'card_in_flight' and entity_id = card_id
    union all
    select view, entity_id, known_at, payload, transaction_id, seq
    from wanted join under_way on view = 'user_in_flight' and entity_id = user_id
    union all
    select view, entity_id, known_at, payload, transaction_id, seq
    from wanted join under_way on view = 'device_in_flight' and entity_id = device_id
)
select view, entity_id, known_at, payload, transaction_id from found order by seq

-- name: remove_views
delete from online_store where view = any(%s)
