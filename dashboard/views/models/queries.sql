-- name: clock
-- The database's clock, by which all periods are cut.
select clock_timestamp() as now

-- name: reported
-- Who was registered with a report.
select version from models where report is not null

-- name: paid
-- How many payments each model decided lately.
select model_version, count(*) as decisions
from decisions
where decided_at >= %(since)s and not sandbox and model_version is not null
group by model_version

-- name: agreements
-- How payments were decided, against what models in the shadow would have done.
select scored.model_version, decided.verdict as decided, scored.verdict as would,
       count(*) as payments, sum(amount_minor)::bigint as amount_minor
from shadow_scores as scored
join decisions as decided using (decision_id)
where scored_at >= %(since)s and decided_at >= %(since)s - interval '1 hour' and not sandbox
group by scored.model_version, decided.verdict, scored.verdict

-- name: judged
-- The newest payments that models in the shadow scored and whose truth is known: a chargeback, else the newest
-- word of an analyst.
with word as (
    select distinct on (decision_id) decision_id, decided_at, label
    from labels
    where labelled_at >= %(since)s
    order by decision_id, labelled_at desc, label_id desc
), charged as (
    select decision_id, min(decided_at) as decided_at
    from outcomes
    where recorded_at >= %(since)s and outcome = 'chargeback'
    group by decision_id
), truth as materialized (
    select decision_id, coalesce(charged.decided_at, word.decided_at) as decided_at,
           charged.decision_id is not null or label = 'fraud' as fraud
    from word full join charged using (decision_id)
    where charged.decision_id is not null or label <> 'unknown'
    order by 2 desc
    limit %(most)s
)
select scored.model_version, fraud, amount_minor, decided.probability, scored.probability as shadow_probability,
       decided.verdict as decided, scored.verdict as would
from truth
join shadow_scores as scored using (decision_id)
cross join lateral (
    select amount_minor, probability, verdict, sandbox
    from decisions
    where decisions.decision_id = truth.decision_id and decisions.decided_at = truth.decided_at
    limit 1  -- by its key, never by reading all
) as decided
where decided.probability is not null and not sandbox

-- name: calibration
-- Of payments that a model decided, by tenths of its probability, how many proved fraud. Only those an analyst
-- spoke for, or that are old enough: of younger ones only frauds are known, which would say nothing.
with word as (
    select distinct on (decision_id) decision_id, decided_at, label
    from labels
    where labelled_at >= %(since)s
    order by decision_id, labelled_at desc, label_id desc
), old as (
    select distinct decision_id, decided_at
    from outcomes
    where recorded_at >= %(since)s and decided_at >= %(since)s and decided_at < %(settled)s and outcome = 'captured'
    order by decided_at desc
    limit %(most)s
), known as materialized (
    select decision_id, coalesce(word.decided_at, old.decided_at) as decided_at, label,
           told.decision_id is not null as charged
    from word
    full join old using (decision_id)
    left join (
        select distinct decision_id from outcomes where recorded_at >= %(since)s and outcome = 'chargeback'
    ) as told using (decision_id)
    where old.decision_id is not null or label <> 'unknown'
    order by 2 desc
    limit %(most)s
)
select least(9, floor(10 * probability))::int as place, count(*) as payments,
       count(*) filter (where charged or label = 'fraud') as frauds, avg(probability) as probability
from known
cross join lateral (
    select probability, model_version, sandbox
    from decisions
    where decisions.decision_id = known.decision_id and decisions.decided_at = known.decided_at
    limit 1  -- by its key, never by reading all
) as decided
where model_version = %(version)s and probability is not null and not sandbox
group by place
order by place

-- name: newest_drift
-- The newest drift check: the score first, then the features with an alarm, then those that moved most.
select checked_at, subject, psi, ks, missing_rise, out_of_range, rows, alarm,
       count(*) filter (where subject <> 'score') over () as features,
       count(alarm) filter (where subject <> 'score') over () as alarmed_features
from drift_checks
where checked_at = (select max(checked_at) from drift_checks)
order by subject <> 'score', alarm is null, psi desc nulls last, subject
limit %(most)s

-- name: score_drift
-- How far the score has moved, check by check, and how many features alarmed.
select checked_at, min(model_version) as model_version,
       max(psi) filter (where subject = 'score') as psi,
       count(alarm) filter (where subject <> 'score') as alarms,
       max(alarm) filter (where subject = 'score') as score_alarm
from drift_checks
where checked_at >= %(since)s
group by checked_at
order by checked_at desc
limit %(most)s

-- name: rounds
-- What the learner did last, and why.
select ended_at, trigger, labels, verdict, why, candidate, compute_s
from learning_rounds
order by ended_at desc
limit %(most)s

-- name: processes
-- How far the living processes of the API are with a model that they were asked to have ready.
select api_processes.process, readiness.process is not null as told, readiness.refused
from api_processes
left join model_wishes as wish on wish.version = %(version)s
left join model_readiness as readiness
    on readiness.process = api_processes.process and readiness.version = %(version)s
    and readiness.told_at >= wish.asked_at
where seen_at > clock_timestamp() - %(alive_s)s * interval '1 second'
order by api_processes.process
