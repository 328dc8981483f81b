-- name: newest_decisions
-- The last decisions made, whatever they were.
select decision_id, decided_at, verdict, amount_minor, currency, user_id, card_id,
       pickup_zone, dropoff_zone, score, rung, latency_us, model_version, scorer_kind
from decisions
where not sandbox
order by decided_at desc
limit %(most)s

-- name: newest_alerts
-- The last payments of the period that were not simply approved, with the reasons and what became of them.
select decision_id, decided_at, verdict, amount_minor, currency, user_id, card_id, score, rung, reasons,
       (
           select outcome from outcomes
           where outcomes.transaction_id = decisions.transaction_id
           order by recorded_at desc
           limit 1
       ) as last_outcome
from decisions
where decided_at > now() - %(period)s and not sandbox and verdict <> 'approve'
order by decided_at desc
limit %(most)s

-- name: verdict_totals
-- Payments and money of the period by verdict; released is what went through after a passed challenge.
select verdict, count(*) as payments, sum(amount_minor)::bigint as amount_minor,
       count(*) filter (where released) as released_payments,
       coalesce(sum(amount_minor) filter (where released), 0)::bigint as released_minor
from (
    select verdict, amount_minor,
           verdict = 'challenge' and exists (
               select from outcomes
               where outcomes.transaction_id = decisions.transaction_id and outcome = 'challenge_passed'
           ) as released
    from decisions
    where decided_at > now() - %(period)s and not sandbox
) as decided
group by verdict

-- name: chargeback_totals
-- Chargebacks that arrived in the period, by the verdict their payment had been given.
select decisions.verdict, count(*) as chargebacks, sum(outcomes.amount_minor)::bigint as amount_minor
from outcomes
join decisions using (transaction_id)
where not decisions.sandbox and outcomes.outcome = 'chargeback' and outcomes.recorded_at > now() - %(period)s
group by decisions.verdict

-- name: rung_totals
-- On what footing the decisions of the period were made.
select rung, count(*) as decisions
from decisions
where decided_at > now() - %(period)s and not sandbox
group by rung

-- name: decision_times
-- Half and all but one in a hundred of the period's decisions took no longer than this.
select percentile_cont(0.5) within group (order by latency_us) as p50_us,
       percentile_cont(0.99) within group (order by latency_us) as p99_us
from decisions
where decided_at > now() - %(period)s and not sandbox

-- name: alert_buckets
-- How many payments were not simply approved, slice by slice of the period.
select date_bin(%(slice)s, decided_at, 'epoch') as starts_at, verdict, count(*) as payments
from decisions
where decided_at > now() - %(period)s and not sandbox and verdict <> 'approve'
group by starts_at, verdict
order by starts_at

-- name: pipeline
-- How far the features have come and what waits to be sent, by the database's clock.
select now() as now,
       watermark.payload as watermark,
       watermark.written_at as watermark_written_at,
       waiting.events as waiting_events,
       waiting.since as waiting_since
from (select count(*) as events, min(created_at) as since from outbox where sent_at is null) as waiting
left join online_store as watermark
    on watermark.view = %(watermark_view)s and watermark.entity_id = %(watermark_entity)s

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

-- name: find_decision
-- All that the ledger keeps of one decision.
select decision_id, transaction_id, decided_at, as_of_ms, user_id, card_id, device_id, driver_id, ride_id,
       amount_minor, currency, pickup_zone, dropoff_zone, verdict, score, probability,
       rung, rung_reason, feature_age_ms, model_version, scorer_kind,
       card_epoch, card_version, user_epoch, user_version, profile_epoch, profile_version,
       vector, reasons, latency_us
from decisions
where decision_id = %(decision_id)s

-- name: find_outcomes
-- What became of its payment, in the order in which it happened.
select outcome, reason_code, amount_minor, occurred_at
from outcomes
where transaction_id = %(transaction_id)s
order by occurred_at, outcome_id

-- name: newest_drift
-- The newest drift check: the score first, then the features with an alarm, then those that moved most.
select checked_at, subject, psi, ks, missing_rise, out_of_range, rows, alarm,
       count(*) filter (where subject <> 'score') over () as features,
       count(alarm) filter (where subject <> 'score') over () as alarmed_features
from drift_checks
where checked_at = (select max(checked_at) from drift_checks)
order by subject <> 'score', alarm is null, psi desc nulls last, subject
limit %(most)s
