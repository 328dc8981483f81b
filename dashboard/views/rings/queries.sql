-- name: standings
-- Rings with their open cases, those with most money at risk or the fastest growth first.
select ring_id, count(*) as riders, min(joined_at) as first_at,
       count(*) filter (where joined_at > now() - %(lately)s) as joined_lately,
       coalesce(sum(open_cases), 0)::bigint as open_cases, coalesce(sum(at_risk), 0)::bigint as at_risk_minor
from ring_members
left join (
    select user_id, count(*) as open_cases, sum(at_risk_minor) as at_risk
    from alerts
    where closed_at is null
    group by user_id
) as cases using (user_id)
where ring_id is not null
group by ring_id
order by case %(by)s when 'growth' then count(*) filter (where joined_at > now() - %(lately)s) end desc nulls last,
         case %(by)s when 'size' then count(*) end desc nulls last,
         at_risk_minor desc, riders desc, ring_id
limit %(most)s

-- name: joins
-- How many riders joined some rings on each of the last days.
select ring_id, (joined_at at time zone 'UTC')::date as day, count(*) as riders
from ring_members
where ring_id = any(%(ring_ids)s) and joined_at > now() - %(period)s
group by ring_id, day

-- name: shared_of_rings
-- How many cards and devices connect each of some rings.
select ring_id, count(*) filter (where kind = 'card') as cards, count(*) filter (where kind = 'device') as devices
from (
    select distinct ring_members.ring_id, links.kind, links.entity_id
    from ring_members join links using (user_id)
    where ring_members.ring_id = any(%(ring_ids)s)
) as theirs
cross join lateral (
    select count(*) as users from (
        select from links
        where links.kind = theirs.kind and links.entity_id = theirs.entity_id
        limit %(hub_over)s + 1
    ) as counted
) as used
where users between 2 and %(hub_over)s
group by ring_id

-- name: money_of_rings
-- What the riders of some rings paid in a period, what was stopped or charged back, and who is known for frauds.
-- The limit also keeps the planner to one rider after the other, by their index.
select ring_id,
       coalesce(sum(amount_minor) filter (where not stopped and not charged_back), 0)::bigint as paid_minor,
       coalesce(sum(amount_minor) filter (where stopped and not charged_back), 0)::bigint as stopped_minor,
       coalesce(sum(amount_minor) filter (where charged_back), 0)::bigint as charged_back_minor,
       count(distinct user_id) filter (where charged_back or label = 'fraud') as known_frauds
from (
    select ring_members.ring_id, payments.*
    from ring_members
    cross join lateral (
        select decisions.user_id, amount_minor, verdict in ('challenge', 'decline') as stopped,
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
        where decisions.user_id = ring_members.user_id and decided_at between %(since)s and %(until)s
          and not sandbox
        order by decided_at desc
        limit %(most_payments)s
    ) as payments
    where ring_members.ring_id = any(%(ring_ids)s)
) as paid
group by ring_id

-- name: members
-- The riders of a ring with what they did in a period and their last payment.
select ring_members.user_id, joined_at, coalesce(payments, 0) as payments,
       coalesce(paid_minor, 0) as paid_minor, coalesce(stopped_minor, 0) as stopped_minor,
       coalesce(charged_back_minor, 0) as charged_back_minor, coalesce(frauds, 0) as frauds,
       (select count(*) from alerts where alerts.user_id = ring_members.user_id and closed_at is null) as open_cases,
       last.decision_id as last_decision_id, last.decided_at as last_decided_at, last.verdict as last_verdict,
       last.amount_minor as last_amount_minor, last.currency as last_currency,
       (
           select outcome from outcomes
           where outcomes.transaction_id = last.transaction_id
           order by outcome = 'chargeback' desc, recorded_at desc
           limit 1
       ) as last_outcome,
       (
           select label from labels
           where labels.decision_id = last.decision_id
           order by labelled_at desc, label_id desc
           limit 1
       ) as last_label
from ring_members
left join lateral (
    select decision_id, transaction_id, decided_at, verdict, amount_minor, currency
    from decisions
    where decisions.user_id = ring_members.user_id and decided_at between %(since)s and %(until)s and not sandbox
    order by decided_at desc
    limit 1
) as last on true
left join lateral (
    select count(*) as payments,
           coalesce(sum(amount_minor) filter (where not stopped and not charged_back), 0)::bigint as paid_minor,
           coalesce(sum(amount_minor) filter (where stopped and not charged_back), 0)::bigint as stopped_minor,
           coalesce(sum(amount_minor) filter (where charged_back), 0)::bigint as charged_back_minor,
           count(*) filter (where charged_back or label = 'fraud') as frauds
    from (
        select amount_minor, verdict in ('challenge', 'decline') as stopped,
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
        where decisions.user_id = ring_members.user_id and decided_at between %(since)s and %(until)s
          and not sandbox
        order by decided_at desc
        limit %(most_payments)s
    ) as each
) as summed on true
where ring_id = %(ring_id)s
order by charged_back_minor desc, open_cases desc, ring_members.user_id
limit %(most)s

-- name: uses
-- Who of a ring used the cards and devices that connect it.
select kind, entity_id, user_id
from links join ring_members using (user_id)
where ring_id = %(ring_id)s and (
    select count(*) from (
        select from links as others
        where others.kind = links.kind and others.entity_id = links.entity_id
        limit %(hub_over)s + 1
    ) as counted
) between 2 and %(hub_over)s
order by kind, entity_id, user_id
limit %(most)s

-- name: read_at
-- The instant of a look, by the database's clock.
select clock_timestamp() as now

-- name: plan_once
-- A period of weeks has so many partitions that planning anew takes longer than reading.
select set_config('plan_cache_mode', 'force_generic_plan', true)
