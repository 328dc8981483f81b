-- name: decisions_in_period
-- A page of the period's decisions in the order in which they were made.
select decision_id, transaction_id, decided_at, as_of_ms, vector, request,
       card_epoch, card_version, user_epoch, user_version, device_epoch, device_version,
       zone_epoch, zone_version, profile_epoch, profile_version, ring_epoch, ring_version,
       positions, overlaid, pulse_id
from decisions
where not sandbox and decided_at >= %(since)s and decided_at < %(until)s
  and (decided_at, decision_id) > (%(after_time)s, %(after_id)s)
order by decided_at, decision_id
limit %(most)s

-- name: count_in_period
select count(*) as decisions from decisions where not sandbox and decided_at >= %(since)s and decided_at < %(until)s

-- name: sample
-- Some decisions of a little while ago that have a vector and were not looked at yet.
select decision_id, transaction_id, decided_at, as_of_ms, vector, request,
       card_epoch, card_version, user_epoch, user_version, device_epoch, device_version,
       zone_epoch, zone_version, profile_epoch, profile_version, ring_epoch, ring_version,
       positions, overlaid, pulse_id
from decisions
where decided_at between clock_timestamp() - %(oldest)s and clock_timestamp() - %(youngest)s
  and vector is not null and positions is not null and decision_id <> all(%(checked)s)
order by random()
limit %(most)s

-- name: pulses
select pulse_id, zones from pulses where pulse_id = any(%(pulse_ids)s)

-- name: anchor
-- The newest pulse that is older than any decision still to be looked at.
select at_ms, zones from pulses
where recorded_at < clock_timestamp() - %(older_than)s
order by recorded_at desc
limit 1

-- name: payments
-- What was asked for, of payments that were in flight for others.
select transaction_id, request from decisions where transaction_id = any(%(transaction_ids)s)

-- name: record_check
insert into parity_checks (decisions, as_known, with_hindsight, first_difference)
values (%(decisions)s, %(as_known)s, %(with_hindsight)s, %(first_difference)s::jsonb)
