-- name: pipeline
-- How far the features have come and what waits to be sent, by the database's clock.
select clock_timestamp() as now,
       watermark.payload as watermark,
       watermark.written_at as watermark_written_at,
       waiting.events as waiting_events,
       waiting.since as waiting_since
from (select count(*) as events, min(created_at) as since from outbox where sent_at is null) as waiting
left join online_store as watermark
    on watermark.view = %(watermark_view)s and watermark.entity_id = %(watermark_entity)s

-- name: decided
-- How many decisions the last seconds brought.
select count(*) as decisions
from decisions
where decided_at > now() - %(lately)s and not sandbox

-- name: rungs
-- On what footing they were made, of late.
select rung, count(*) as decisions
from decisions
where decided_at > now() - %(lately)s and not sandbox
group by rung

-- name: parity
-- The newest parity check, and whether one was due meanwhile: decisions of a while ago, old enough for it.
select checked_at, checked_decisions, as_known, with_hindsight,
       exists (
           select from decisions
           where vector is not null and not sandbox
             and decided_at between now() - %(overdue)s and now() - %(due)s
       ) as is_due
from (select) as always
left join (
    select checked_at, decisions as checked_decisions, as_known, with_hindsight
    from parity_checks
    order by id desc
    limit 1
) as newest on true

-- name: ring_positions
-- How far the builder of rings has read.
select source, next_offset from link_positions

-- name: kept
-- A decision, and which histories it read.
select decision_id, transaction_id, decided_at, as_of_ms, user_id, card_id, rung, feature_age_ms, latency_us,
       card_epoch, card_version, user_epoch, user_version, positions,
       coalesce(jsonb_array_length(overlaid), 0) as overlaid
from decisions
where decision_id = %(decision_id)s

-- name: rows
-- The histories of its card and its rider as the online store holds them now.
select view, entity_id, epoch, version, written_at
from online_store
where (view, entity_id) in ((%(card_view)s, %(card_id)s), (%(user_view)s, %(user_id)s))

-- name: newest_followed
-- The newest decision whose history of the card or the rider still stands in the online store as it was read.
select decision_id
from (
    select decision_id, decided_at, card_id, card_epoch, card_version, user_id, user_epoch, user_version
    from decisions
    where decided_at > now() - %(lately)s and not sandbox and positions is not null
    order by decided_at desc
    limit %(most)s
) as newest
where exists (
    select from online_store
    where (view = %(card_view)s and entity_id = card_id and epoch = card_epoch and version = card_version)
       or (view = %(user_view)s and entity_id = user_id and epoch = user_epoch and version = user_version)
)
order by decided_at desc
limit 1

-- name: newest_decision
-- The newest that read any history.
select decision_id
from decisions
where decided_at > now() - %(back)s and not sandbox and positions is not null
order by decided_at desc
limit 1
