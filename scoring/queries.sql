-- name: ledger_rows
-- Decisions of a period, with all that had become known of each at an instant.
with outcome as (
    select
        decision_id,
        array_agg(distinct outcome) as told,
        min(recorded_at) filter (where outcome = 'chargeback') as charged_back_at
    from outcomes
    where decided_at >= %(since)s and decided_at < %(until)s
      and recorded_at >= %(since)s - interval '1 hour' and recorded_at <= %(now)s  -- by index, clocks may differ
    group by decision_id
), word as (  -- 'unknown' takes an earlier word back
    select distinct on (decision_id)
        decision_id, label, labelled_by, labelled_at, count(*) over (partition by decision_id) as words
    from labels
    where decided_at >= %(since)s and decided_at < %(until)s and labelled_at <= %(now)s
    order by decision_id, labelled_at desc, label_id desc
)
select
    decision.decision_id,
    decision.transaction_id,
    decision.user_id,
    decision.card_id,
    decision.as_of_ms,
    (extract(epoch from decision.decided_at) * 1000)::bigint as decided_ms,
    decision.amount_minor,
    decision.verdict,
    decision.probability,
    coalesce(decision.model_version, '') as version,
    decision.vector,
    decision.evidence -> 'pass_through' as pass_through,
    outcome.told as outcomes,
    (extract(epoch from outcome.charged_back_at) * 1000)::bigint as charged_back_ms,
    nullif(word.label, 'unknown') as label,
    word.labelled_by,
    (extract(epoch from word.labelled_at) * 1000)::bigint as labelled_ms,
    case when word.label <> 'unknown' then word.words else 0 end as words
from decisions as decision
left join outcome using (decision_id)
left join word using (decision_id)
where decision.decided_at >= %(since)s and decision.decided_at < %(until)s and not decision.sandbox
order by decision.as_of_ms, decision.decision_id
