-- name: wait_for_turn
-- One builder writes; the lock goes with its connection.
select pg_try_advisory_lock(hashtextextended('faregate rings', 0))

-- name: one_change_at_a_time
-- A batch is kept, or all is begun anew, but not both at once.
select pg_advisory_xact_lock(hashtextextended('faregate rings', 1))

-- name: epoch
select coalesce(max(epoch), 1) from ring_epochs

-- name: links
select kind, entity_id, user_id,
    (extract(epoch from first_seen_at) * 1000)::bigint, (extract(epoch from known_at) * 1000)::bigint,
    source, "offset"
from links

-- name: members
select user_id, epoch, version, coalesce(ring_id, ''), size, shared_cards, shared_devices,
    (extract(epoch from joined_at) * 1000)::bigint, (extract(epoch from known_at) * 1000)::bigint
from ring_members

-- name: reached
select source, next_offset, (extract(epoch from read_until) * 1000)::bigint from link_positions

-- name: keep_links
insert into links as kept (kind, entity_id, user_id, first_seen_at, known_at, source, "offset")
select kind, entity_id, user_id,
    'epoch'::timestamptz + at_ms * interval '1 millisecond',
    'epoch'::timestamptz + known_at_ms * interval '1 millisecond',
    source, place
from unnest(%b::text[], %b::text[], %b::text[], %b::bigint[], %b::bigint[], %b::int[], %b::bigint[])
    as told (kind, entity_id, user_id, at_ms, known_at_ms, source, place)
on conflict (kind, entity_id, user_id) do update
set first_seen_at = excluded.first_seen_at, known_at = excluded.known_at

-- name: keep_members
insert into ring_members as kept (
    user_id, epoch, version, ring_id, size, shared_cards, shared_devices, joined_at, known_at
)
select user_id, epoch, version, nullif(ring_id, ''), size, shared_cards, shared_devices,
    'epoch'::timestamptz + joined_at_ms * interval '1 millisecond',
    'epoch'::timestamptz + known_at_ms * interval '1 millisecond'
from unnest(
    %b::text[], %b::bigint[], %b::bigint[], %b::text[], %b::int[], %b::int[], %b::int[], %b::bigint[], %b::bigint[]
) as moved (
    user_id, epoch, version, ring_id, size, shared_cards, shared_devices, joined_at_ms, known_at_ms
)
on conflict (user_id) do update
set epoch = excluded.epoch, version = excluded.version, ring_id = excluded.ring_id, size = excluded.size,
    shared_cards = excluded.shared_cards, shared_devices = excluded.shared_devices,
    joined_at = excluded.joined_at, known_at = excluded.known_at, changed_at = clock_timestamp()

-- name: send_members
insert into outbox (topic, key, payload)
select %b, user_id, payload from unnest(%b::text[], %b::bytea[]) as told (user_id, payload)

-- name: keep_reached
insert into link_positions (source, next_offset, read_until)
select source, next_offset, 'epoch'::timestamptz + until_ms * interval '1 millisecond'
from unnest(%b::int[], %b::bigint[], %b::bigint[]) as came (source, next_offset, until_ms)
on conflict (source) do update set next_offset = excluded.next_offset, read_until = excluded.read_until

-- name: forget_links
delete from links

-- name: forget_members
delete from ring_members

-- name: forget_reached
delete from link_positions

-- name: begin_epoch
insert into ring_epochs (epoch) select coalesce(max(epoch), 1) + 1 from ring_epochs returning epoch
