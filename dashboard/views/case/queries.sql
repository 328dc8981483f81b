-- name: plan_once
-- A period of weeks has so many partitions that planning anew takes longer than reading.
select set_config('plan_cache_mode', 'force_generic_plan', true)

-- name: find_case
-- A decision with all that it was made of, and where its case stands if it raised an alert.
select decision_id, decisions.transaction_id, decisions.decided_at, as_of_ms,
       decisions.user_id, decisions.card_id, decisions.device_id, driver_id, ride_id,
       decisions.amount_minor, decisions.currency, decisions.pickup_zone, dropoff_zone,
       decisions.verdict, decisions.score, probability,
       rung, rung_reason, feature_age_ms, decisions.model_version, scorer_kind, policy_version,
       card_epoch, card_version, user_epoch, user_version, profile_epoch, profile_version,
       vector, reasons, latency_us, request, evidence, rules, clock_timestamp() as now,
       revision, at_risk_minor, review_minutes, rule_ids, lead_reason,
       assignee, claimant.name as assignee_name, claimed_until, snoozed_until, escalated_at,
       closed_at, closed_by, closer.name as closed_by_name, resolution, fraud_type
from decisions
left join alerts using (decision_id)
left join people as claimant on claimant.person_id = assignee
left join people as closer on closer.person_id = closed_by
where decision_id = %(decision_id)s and not sandbox
  and decisions.decided_at between %(earliest)s and %(latest)s

-- name: find_standing
-- Where a case stands now, for a page that shows how it stood.
select revision, assignee, claimant.name as assignee_name, claimed_until,
       closed_at, closed_by, closer.name as closed_by_name, resolution
from alerts
left join people as claimant on claimant.person_id = assignee
left join people as closer on closer.person_id = closed_by
where decision_id = %(decision_id)s

-- name: find_case_outcomes
-- What became of its payment, in the order in which it happened.
select outcome, reason_code, amount_minor, occurred_at
from outcomes
where transaction_id = %(transaction_id)s
order by occurred_at, outcome_id

-- name: find_words
-- What people said of it, the newest first.
select label_id, label, fraud_type, labelled_by, name, why, labelled_at
from labels
left join people on person_id = labelled_by
where decision_id = %(decision_id)s
order by labelled_at desc, label_id desc
limit %(most)s

-- name: find_names
-- Everybody's name, for the trail.
select person_id, name from people

-- name: payments_around
-- The newest payments of the rider, the card and the device within a period, with their newest word and outcome.
select decision_id, decided_at, user_id, card_id, device_id, amount_minor, currency, pickup_zone, dropoff_zone,
       verdict, score,
       (
           select outcome from outcomes
           where outcomes.transaction_id = payments.transaction_id
           order by outcome = 'chargeback' desc, recorded_at desc
           limit 1
       ) as outcome,
       (
           select label from labels
           where labels.decision_id = payments.decision_id
           order by labelled_at desc, label_id desc
           limit 1
       ) as label
from (
    (
        select decision_id, transaction_id, decided_at, user_id, card_id, device_id, amount_minor, currency,
               pickup_zone, dropoff_zone, verdict, score
        from decisions
        where user_id = %(user_id)s and decided_at between %(since)s and %(until)s and not sandbox
        order by decided_at desc
        limit %(most)s
    ) union (
        select decision_id, transaction_id, decided_at, user_id, card_id, device_id, amount_minor, currency,
               pickup_zone, dropoff_zone, verdict, score
        from decisions
        where card_id = %(card_id)s and decided_at between %(since)s and %(until)s and not sandbox
        order by decided_at desc
        limit %(most)s
    ) union (
        select decision_id, transaction_id, decided_at, user_id, card_id, device_id, amount_minor, currency,
               pickup_zone, dropoff_zone, verdict, score
        from decisions
        where device_id = %(device_id)s and decided_at between %(since)s and %(until)s and not sandbox
        order by decided_at desc
        limit %(most)s
    )
) as payments
order by decided_at desc, decision_id
limit %(most)s

-- name: payment_before
-- The rider's last payment before this one.
select decision_id, as_of_ms, request
from decisions
where user_id = %(user_id)s and decided_at >= %(since)s and decided_at < %(decided_at)s and not sandbox
order by decided_at desc
limit 1

-- name: linked
-- Who else used the cards and devices that the rider used; of each, no more than are worth drawing.
select own.kind, own.entity_id, users.user_id, count(*) over (partition by own.kind, own.entity_id) as users
from (
    (
        select kind, entity_id from links where user_id = %(user_id)s order by first_seen_at desc limit %(most_entities)s
    )
    union select 'card', %(card_id)s
    union select 'device', %(device_id)s
) as own
cross join lateral (
    select user_id from links
    where links.kind = own.kind and links.entity_id = own.entity_id
    order by user_id
    limit %(most_users)s
) as users

-- name: ring_of_rider
-- The ring that the rider belongs to, if any.
select ring_id from ring_members where user_id = %(user_id)s and ring_id is not null

-- name: marked_riders
-- Riders whose payments of a period turned out to be frauds.
select user_id, count(*) filter (where charged_back) as chargebacks,
       count(*) filter (where label = 'fraud' and not charged_back) as labelled
from (
    select user_id,
           exists (
               select from outcomes
               where outcomes.transaction_id = decisions.transaction_id and outcome = 'chargeback'
           ) as charged_back,
           (
               select label from labels
               where labels.decision_id = decisions.decision_id
               order by labelled_at desc, label_id desc
               limit 1
           ) as label
    from decisions
    where user_id = any(%(user_ids)s) and decided_at between %(since)s and %(until)s and not sandbox
) as payments
where charged_back or label = 'fraud'
group by user_id

-- name: closed_cases
-- The newest closed cases with the same strongest reason, and the vectors that they were decided by.
select decision_id, decided_at, closed_at, closed_by, name as closed_by_name, resolution, fraud_type,
       verdict, amount_minor, currency, score, vector
from (
    select decision_id, decided_at, closed_at, closed_by, resolution, fraud_type,
           verdict, amount_minor, currency, score
    from alerts
    where lead_reason = %(lead_reason)s and closed_at is not null and decision_id <> %(decision_id)s
    order by closed_at desc
    limit %(most)s
) as closed
cross join lateral (
    select vector from decisions
    where decisions.decision_id = closed.decision_id and decisions.decided_at = closed.decided_at
) as decided
left join people on person_id = closed_by
where vector is not null

-- name: newest_vectors
-- What the model read of the last payments, and where they went.
select vector, request
from decisions
where vector is not null and not sandbox
order by decided_at desc
limit %(most)s
