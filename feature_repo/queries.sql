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
select view, entity_id, known_at, payload
from unnest(%s::text[], %s::text[]) as wanted (view, entity_id)
join online_store using (view, entity_id)

-- name: remove_views
delete from online_store where view = any(%s)
