-- name: clock
-- The database's clock, by which periods are cut.
select clock_timestamp() as now

-- name: slices
-- Payments, money and times of decision by slice and verdict, and by slice alone, in one go; and who was drawn.
select starts_at, verdict, payments, amount_minor, taken[1] as p50_us, taken[2] as p99_us, drawn
from (
    select date_bin(%(width)s, decided_at, 'epoch') as starts_at, verdict,
           count(*) as payments, sum(amount_minor)::bigint as amount_minor,
           percentile_cont(array[0.5, 0.99]) within group (order by latency_us) as taken,
           coalesce(array_agg(decision_id) filter (where evidence @> '{"pass_through": {"drawn": true}}'), '{}') as drawn
    from decisions
    where decided_at >= %(since)s and decided_at < %(until)s and not sandbox
    group by grouping sets ((starts_at, verdict), (starts_at))
) as sliced
order by starts_at

-- name: drawn
-- Payments that the lottery let through; a chargeback stands above the newest word of an analyst.
select decided_at, coalesce(probability, 1 / (1 + 2 ^ ((50 - score) / 7.0))) as chance,
       case
           when exists (
               select from outcomes
               where outcomes.transaction_id = decisions.transaction_id and outcome = 'chargeback'
           ) then 'fraud'
           when word.label in ('fraud', 'good') then word.label
       end as truth
from decisions
left join lateral (
    select label from labels
    where labels.decision_id = decisions.decision_id
    order by labelled_at desc, label_id desc
    limit 1
) as word on true
where decided_at >= %(since)s and decided_at < %(until)s and decision_id = any(%(drawn)s)

-- name: stopped
-- Payments that were held or refused and not released by a passed challenge, by slice and by what is known.
with word as (
    select distinct on (decision_id) decision_id, label
    from labels
    where decided_at >= %(since)s
    order by decision_id, labelled_at desc, label_id desc
), told as (
    select distinct decision_id, outcome
    from outcomes
    where recorded_at >= %(since)s - interval '1 hour' and outcome in ('chargeback', 'challenge_passed')
)
select date_bin(%(width)s, decided_at, 'epoch') as starts_at, truth, count(*) as payments,
       sum(amount_minor)::bigint as amount_minor, sum(chance) as expected_frauds,
       sum(chance * amount_minor) as expected_minor
from (
    select decided_at, amount_minor, chance,
           case
               when charged.decision_id is not null then 'fraud'
               when word.label in ('fraud', 'good') then word.label
           end as truth
    from alerts
    left join word using (decision_id)
    left join told as charged on charged.decision_id = alerts.decision_id and charged.outcome = 'chargeback'
    left join told as passed on passed.decision_id = alerts.decision_id and passed.outcome = 'challenge_passed'
    where alerts.decided_at >= %(since)s and verdict in ('challenge', 'decline') and passed.decision_id is null
) as held
group by starts_at, truth
order by starts_at

-- name: known
-- Payments that a chargeback or an analyst has spoken for, by the slice they were decided in.
with word as (
    select distinct on (decision_id) decision_id, decided_at, label
    from labels
    where decided_at >= %(since)s
    order by decision_id, labelled_at desc, label_id desc
), charged as (
    select decision_id, min(decided_at) as decided_at, max(amount_minor) as amount_minor
    from outcomes
    where recorded_at >= %(since)s - interval '1 hour' and decided_at >= %(since)s and outcome = 'chargeback'
    group by decision_id
)
select date_bin(%(width)s, coalesce(charged.decided_at, word.decided_at), 'epoch') as starts_at,
       count(*) filter (where charged.decision_id is not null or label = 'fraud') as frauds,
       count(*) filter (where charged.decision_id is null and label = 'good') as good,
       count(charged.decision_id) as lost_payments,
       coalesce(sum(charged.amount_minor), 0)::bigint as lost_minor
from word full join charged using (decision_id)
where charged.decision_id is not null or label <> 'unknown'
group by starts_at
order by starts_at

-- name: matured
-- Payments captured so long ago that silence means good, which nobody has spoken for.
select count(distinct decision_id) as matured
from outcomes as captured
where decided_at >= %(since)s and decided_at < %(settled)s and recorded_at >= %(since)s - interval '1 hour'
  and outcome = 'captured'
  and not exists (
      select from outcomes as charged
      where charged.transaction_id = captured.transaction_id and charged.outcome = 'chargeback'
  )
  and not exists (
      select from labels where labels.decision_id = captured.decision_id and label in ('fraud', 'good')
  )

-- name: types
-- Alerts by the hour of the day, with what tells the kind of fraud: an analyst's word, a rule, a reason.
select extract(hour from decided_at at time zone 'UTC')::int as hour, fraud_type, lead_reason, rule_ids,
       count(*) as alerts, sum(amount_minor)::bigint as amount_minor
from alerts
where decided_at >= %(since)s and resolution is distinct from 'good'
group by hour, fraud_type, lead_reason, rule_ids

-- name: zones
-- Where payments that raised an alert began, and how much of their money is, or is held to be, fraud.
select pickup_zone as zone, count(*) as alerts, sum(amount_minor)::bigint as amount_minor,
       sum(amount_minor * case resolution when 'fraud' then 1 when 'good' then 0 else chance end) as fraud_minor
from alerts
where decided_at >= %(since)s
group by pickup_zone

-- name: places
-- The middle of each zone, by where the newest payments say that riders were picked up.
select zone, avg(lat) as lat, avg(lon) as lon
from (
    select pickup_zone as zone, (place ->> 'lat')::float8 as lat, (place ->> 'lon')::float8 as lon
    from (
        select pickup_zone, request from decisions
        where not sandbox and decided_at >= %(since)s
        order by decided_at desc
        limit %(most)s
    ) as newest
    cross join lateral (select convert_from(request, 'utf8')::jsonb -> 'pickup' as place) as told
) as points
where lat is not null and lon is not null
group by zone

-- name: changes
-- What people and the learner changed: who decides, rules and thresholds.
select active_from as at, to_state as kind, version as subject, moved_by as by, why
from model_moves
where active_from >= %(since)s and to_state in ('champion', 'canary')
union all
select changed_at, kind, version::text, changed_by, why
from policy_changes
where changed_at >= %(since)s and kind in ('rules', 'policy')
order by at
