-- name: matching_alerts
-- Open alerts that are not put aside and match the filters; an escalated one is for leads, or who asks for them.
select * from alerts
where closed_at is null
  and (snoozed_until is null or snoozed_until <= now())
  and case %(assignee)s::text
        when 'escalated' then escalated_at is not null
        when 'mine' then assignee = %(person_id)s
        when 'nobody''s' then (assignee is null or claimed_until <= now()) and escalated_at is null
        else escalated_at is null or exists (
            select from people where person_id = %(person_id)s and role <> 'analyst'
        )
      end
  and (%(verdicts)s::text[] is null or verdict = any(%(verdicts)s))
  and (%(amount_from)s::bigint is null or amount_minor >= %(amount_from)s)
  and (%(amount_to)s::bigint is null or amount_minor <= %(amount_to)s)
  and (%(zone)s::text is null or pickup_zone = %(zone)s)
  and (%(newer)s::interval is null or decided_at > now() - %(newer)s)
  and (%(older)s::interval is null or decided_at <= now() - %(older)s)
  and (%(rule)s::text is null or %(rule)s = any(rule_ids))
  and (%(model)s::text is null or model_version = %(model)s)
  and (
    %(kind)s::text is null
    or case
        when not rule_ids && %(typed_rules)s::text[] then
            lead_reason = any(%(reasons)s::text[])
            or %(kind)s = 'other' and coalesce(lead_reason <> all(%(all_reasons)s::text[]), true)
        else %(kind)s = (
            select typed.kind
            from unnest(rule_ids) with ordinality as acted (rule_id, place)
            join unnest(%(typed_rules)s::text[], %(kinds)s::text[]) as typed (rule_id, kind) using (rule_id)
            order by place
            limit 1
        )
    end
  )

-- name: page_after
-- The next alerts in the queue's order after a place, with the sentence of the strongest reason.
select alerts.decision_id, decided_at, user_id, amount_minor, currency, pickup_zone, verdict, model_version, rule_ids,
       lead_reason, at_risk_minor, worth, revision, assignee, claimed_until, snoozed_until, escalated_at, closed_at,
       closed_by, resolution, fraud_type,
       (
           select reasons -> 0 ->> 'sentence' from decisions
           where decisions.decision_id = alerts.decision_id and decisions.decided_at = alerts.decided_at
       ) as sentence
from (
    select * from ({matching_alerts}) as matching
    where worth <= %(worth)s and (worth < %(worth)s or decision_id > %(decision_id)s)
    order by worth desc, decision_id
    limit %(most)s
) as alerts
order by worth desc, decision_id

-- name: page_before
-- The alerts right before a place, in the queue's order.
select alerts.decision_id, decided_at, user_id, amount_minor, currency, pickup_zone, verdict, model_version, rule_ids,
       lead_reason, at_risk_minor, worth, revision, assignee, claimed_until, snoozed_until, escalated_at, closed_at,
       closed_by, resolution, fraud_type,
       (
           select reasons -> 0 ->> 'sentence' from decisions
           where decisions.decision_id = alerts.decision_id and decisions.decided_at = alerts.decided_at
       ) as sentence
from (
    select * from ({matching_alerts}) as matching
    where worth >= %(worth)s and (worth > %(worth)s or decision_id < %(decision_id)s)
    order by worth, decision_id desc
    limit %(most)s
) as alerts
order by worth desc, decision_id

-- name: extent
-- How many match and how many of them stand before a place, counted up to a limit; and the database's clock.
select clock_timestamp() as taken_at,
       (
           select count(*) from (
               select from ({matching_alerts}) as matching order by worth desc, decision_id limit %(limit)s
           ) as counted
       ) as total,
       (
           select count(*) from (
               select from ({matching_alerts}) as matching
               where worth >= %(worth)s and (worth > %(worth)s or decision_id < %(decision_id)s)
               order by worth desc, decision_id
               limit %(limit)s
           ) as counted
       ) as ahead,
       array(
           select decision_id from ({matching_alerts}) as matching
           where decided_at > now() - %(lateness)s
           order by decided_at desc
           limit %(limit)s
       ) as known

-- name: look
-- What arrived since a page was taken, counted up to a limit, and where the cases on it stand by now.
select clock_timestamp() as now, arrivals.arrived, states.*
from (
    select count(*) as arrived from (
        select from ({matching_alerts}) as matching
        where decided_at > %(since)s and decision_id <> all(%(known)s)
        order by decided_at desc
        limit %(limit)s
    ) as counted
) as arrivals
left join (
    select decision_id, revision, assignee, claimed_until, snoozed_until, escalated_at, closed_at, closed_by,
           resolution, fraud_type
    from alerts
    where decision_id = any(%(shown)s)
) as states on true

-- name: place_of
-- Where an alert stands in the order, be it open or not.
select worth from alerts where decision_id = %(decision_id)s

-- name: next_open
-- The best alert after a place that nobody else works on.
select decision_id from ({matching_alerts}) as matching
where worth <= %(worth)s and (worth < %(worth)s or decision_id > %(decision_id)s)
  and (assignee is null or assignee = %(person_id)s or claimed_until is null or claimed_until <= now())
  and decision_id <> %(but_not)s
order by worth desc, decision_id
limit 1

-- name: find_by_id
-- Alerts and plain payments by any of their ids: open alerts first, then the newest.
with met as (
    (select decision_id, decided_at, closed_at is null as is_open from alerts where decision_id = %(id)s)
    union all (select decision_id, decided_at, closed_at is null from alerts where transaction_id = %(id)s limit %(many)s)
    union all (select decision_id, decided_at, closed_at is null from alerts where user_id = %(id)s limit %(many)s)
    union all (select decision_id, decided_at, closed_at is null from alerts where card_id = %(id)s limit %(many)s)
    union all (select decision_id, decided_at, closed_at is null from alerts where device_id = %(id)s limit %(many)s)
    union all (select decision_id, decided_at, false from decisions where decision_id = %(id)s)
    union all (select decision_id, decided_at, false from decisions where transaction_id = %(id)s)
    union all (
        select decision_id, decided_at, false from decisions where user_id = %(id)s
        order by decided_at desc limit %(most)s
    )
    union all (
        select decision_id, decided_at, false from decisions where card_id = %(id)s
        order by decided_at desc limit %(most)s
    )
    union all (
        select decision_id, decided_at, false from decisions where device_id = %(id)s
        order by decided_at desc limit %(most)s
    )
), found as (
    select decision_id, decided_at, bool_or(is_open) as is_open from met
    group by decision_id, decided_at
    order by is_open desc, decided_at desc
    limit %(most)s
)
select found.decision_id, found.decided_at, coalesce(alert.revision, 0) as revision, alert.assignee,
       alert.claimed_until, alert.snoozed_until, alert.escalated_at, alert.closed_at, alert.closed_by,
       alert.resolution, alert.fraud_type, payment.user_id, payment.amount_minor, payment.currency,
       payment.pickup_zone, payment.verdict, payment.model_version, coalesce(alert.rule_ids, '{}') as rule_ids,
       payment.reasons -> 0 ->> 'code' as lead_reason, payment.reasons -> 0 ->> 'sentence' as sentence,
       alert.at_risk_minor, alert.worth, alert.decision_id is not null as raised
from found
cross join lateral (
    select * from decisions
    where decisions.decision_id = found.decision_id and decisions.decided_at = found.decided_at
    limit 1
) as payment
left join lateral (
    select * from alerts where alerts.decision_id = found.decision_id limit 1
) as alert on true
order by is_open desc, found.decided_at desc

-- name: clock
-- The database's time, by which ages are told.
select clock_timestamp() as now

-- name: lately_open
-- Zones, rules and models of the newest open alerts, to filter by.
with newest as materialized (
    select pickup_zone, rule_ids, model_version from alerts
    where closed_at is null
    order by decided_at desc
    limit %(most)s
)
select array(select distinct pickup_zone from newest order by 1) as zones,
       array(select distinct unnest(rule_ids) from newest order by 1) as rules,
       array(select distinct model_version from newest where model_version is not null order by 1) as models

-- name: rule_names
-- Every rule that was ever written: their names tell what they are against.
select distinct rule_id from rules

-- name: names
-- How people are called.
select person_id, name from people

-- name: whole_queue
-- The filtered queue for a file.
select decision_id, decided_at, verdict, amount_minor, currency, at_risk_minor, worth, score, pickup_zone,
       transaction_id, user_id, card_id, device_id, lead_reason, rule_ids, model_version, assignee, escalated_at
from ({matching_alerts}) as matching
order by worth desc, decision_id
limit %(most)s
