-- name: own_thresholds
-- Of the champion, as its signature names them.
select models.version, convert_from(signature, 'UTF8')::jsonb -> 'thresholds' as thresholds
from models
cross join lateral (
    select to_state from model_moves where version = models.version order by move_id desc limit 1
) as newest
where newest.to_state = 'champion'

-- name: bytes_of_days
-- How much the ledger keeps of the days from one on: what reading them all would take.
select coalesce(sum(pg_relation_size(inhrelid)), 0)::bigint as bytes
from pg_inherits join pg_class on pg_class.oid = inhrelid
where inhparent = 'decisions'::regclass
  and (relname = 'decisions_other' or relname >= 'decisions_' || to_char(%(since)s at time zone 'UTC', 'YYYYMMDD'))

-- name: spoken_of
-- Payments that were questioned, or that somebody has spoken of: each of them, by its id.
with wanted as (
    (
        select decision_id, decided_at from alerts
        where decided_at >= %(since)s and decided_at < %(until)s
        order by decided_at desc
        limit %(most)s
    )
    union
    select decision_id, decided_at from outcomes
    where outcome = 'chargeback' and decided_at >= %(since)s and decided_at < %(until)s
      and recorded_at >= %(since)s - interval '1 hour'  -- by index, clocks may differ
    union
    select decision_id, decided_at from labels
    where decided_at >= %(since)s and decided_at < %(until)s and labelled_at >= %(since)s - interval '1 hour'
)
select found.*
from wanted
cross join lateral (
    select
        (extract(epoch from decided_at) * 1000)::bigint as decided_ms, verdict, probability, amount_minor,
        hashtextextended(user_id, 0) & 1048575 as rider,
        evidence ->> 'list_entry' is not null as by_list,
        (evidence #>> '{pass_through,drawn}')::boolean as drawn,
        (evidence #>> '{pass_through,propensity}')::double precision as propensity,
        nullif(rules, '[]') as rules,
        array(
            select outcome from outcomes where outcomes.transaction_id = decisions.transaction_id
        ) as outcomes,
        (
            select label from labels where labels.decision_id = decisions.decision_id
            order by labelled_at desc, label_id desc limit 1
        ) as label
    from decisions
    where decisions.decision_id = wanted.decision_id and decisions.decided_at = wanted.decided_at
      and not sandbox
    offset 0  -- a look-up each, never a look through all
) as found

-- name: approved
-- Payments that were let through, and of which nobody has spoken: all, or the same sample at each look.
select
    (extract(epoch from decided_at) * 1000)::bigint as decided_ms, verdict, probability, amount_minor,
    hashtextextended(user_id, 0) & 1048575 as rider,
    evidence ->> 'list_entry' is not null as by_list,
    (evidence #>> '{pass_through,drawn}')::boolean as drawn,
    (evidence #>> '{pass_through,propensity}')::double precision as propensity,
    nullif(rules, '[]') as rules,
    array(
        select outcome from outcomes where outcomes.transaction_id = decisions.transaction_id
    ) as outcomes,
    null as label
from decisions tablesample system (%(percent)s) repeatable (7)
where decided_at >= %(since)s and decided_at < %(until)s and verdict = 'approve' and not sandbox
  and not exists (select from labels where labels.decision_id = decisions.decision_id)
