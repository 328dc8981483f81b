-- name: now
-- The one clock of all decisions, outcomes and rounds, in milliseconds.
select (extract(epoch from clock_timestamp()) * 1000)::bigint

-- name: take_turn
-- One round at a time, whoever runs it; the lock ends with the connection.
select pg_try_advisory_lock(hashtextextended('faregate learner', 0))

-- name: add_round
insert into learning_rounds (began_at, trigger, labels, verdict, why, candidate, compute_s, details)
values (
    to_timestamp(%(began_ms)s / 1000.0), %(trigger)s, %(labels)s, %(verdict)s, %(why)s, %(candidate)s,
    %(compute_s)s, %(details)s
)

-- name: newest_round
-- When the last round ended, and up to when any had looked.
select
    (extract(epoch from ended_at) * 1000)::bigint as ended_ms,
    (select max((details ->> 'looked_until_ms')::bigint) from learning_rounds) as looked_until_ms
from learning_rounds order by round_id desc limit 1

-- name: newest_training
-- What was known when a model was last trained, and how many were since an offline one.
select
    (extract(epoch from ended_at) * 1000)::bigint as ended_ms,
    (details ->> 'frauds_matured')::integer as frauds_matured,
    (
        select count(*) from learning_rounds
        where details ? 'kind' and round_id > coalesce((
            select max(round_id) from learning_rounds where details ->> 'kind' = 'offline'
        ), 0)
    ) as since_offline
from learning_rounds
where details ? 'kind'
order by round_id desc limit 1

-- name: clock_jumps
-- By how much the clock was set forward while the payments that mature now were made.
select coalesce(sum((details ->> 'clock_jump_ms')::bigint), 0)::bigint
from learning_rounds
where details ? 'clock_jump_ms'
    and ended_at > clock_timestamp() - (%(maturity_ms)s + (details ->> 'clock_jump_ms')::bigint) * interval '1 ms'

-- name: refusals_of
-- How often a model's promotion was refused.
select count(*) from learning_rounds where candidate = %(version)s and details ? 'promotion_refused'

-- name: known
-- What is known of payments of the window: all frauds, those among them that have matured, what is new.
with word as (  -- the newest of each; 'unknown' says nothing
    select distinct on (decision_id) decided_at, label, labelled_at from labels
    where decided_at >= %(since)s
    order by decision_id, labelled_at desc, label_id desc
)
select
    (
        select count(distinct decision_id) from outcomes
        where outcome = 'chargeback' and decided_at >= %(since)s
    ) + (
        select count(*) from word where label = 'fraud'
    ) as frauds,
    (
        select count(distinct decision_id) from outcomes
        where outcome = 'chargeback' and decided_at >= %(since)s and decided_at < %(matured_before)s
    ) + (
        select count(*) from word where label = 'fraud' and decided_at < %(matured_before)s
    ) as frauds_matured,
    (
        select count(distinct decision_id) from outcomes
        where outcome = 'chargeback' and recorded_at >= %(looked_until)s
    ) + (
        select count(*) from word where label <> 'unknown' and labelled_at >= %(looked_until)s
    ) + (
        select count(*) from decisions
        where decided_at >= %(matured_until)s and decided_at < %(matured_before)s
            and vector is not null and not sandbox
    ) as labels

-- name: first_of_newest
-- When the oldest of so many (and one) newest decisions before an instant was made.
select (extract(epoch from decided_at) * 1000)::bigint from decisions
where decided_at < %(until)s and not sandbox
order by decided_at desc offset %(most)s limit 1

-- name: last_drift_check
select (extract(epoch from max(checked_at)) * 1000)::bigint from drift_checks where model_version = %(version)s

-- name: model_file
select content from model_files where version = %(version)s and name = %(name)s

-- name: shadow_verdicts
-- What a model in the shadow would have done, beside what was done, in payments since it is there.
select
    count(*) as payments,
    count(*) filter (where shadow.verdict in ('challenge', 'decline')) as would_stop,
    count(*) filter (where decision.verdict in ('challenge', 'decline')) as stopped
from shadow_scores as shadow
join decisions as decision using (decision_id)
where shadow.model_version = %(version)s and shadow.scored_at >= %(since)s
    and decision.decided_at >= %(since)s - interval '1 minute'

-- name: cannot_load
-- The first living process of the API that cannot load a model, and why.
select readiness.process, readiness.refused
from model_readiness as readiness join api_processes using (process)
where readiness.version = %(version)s and readiness.refused is not null
    and api_processes.seen_at > clock_timestamp() - interval '5 s'
order by readiness.process limit 1

-- name: duel
-- Payments that the champion decided and its predecessor scored in the shadow, with what became of them.
select
    decision.decision_id, decision.amount_minor, decision.probability, shadow.probability as former_probability,
    decision.evidence -> 'pass_through' as pass_through,
    (extract(epoch from decision.decided_at) * 1000)::bigint as decided_ms,
    array(
        select outcome from outcomes where outcomes.decision_id = decision.decision_id
    ) as outcomes,
    (
        select nullif(label, 'unknown') from labels where labels.decision_id = decision.decision_id
        order by labelled_at desc, label_id desc limit 1
    ) as label
from decisions as decision
join shadow_scores as shadow
    on shadow.decision_id = decision.decision_id and shadow.model_version = %(former)s
where decision.model_version = %(champion)s and decision.decided_at >= %(since)s
    and decision.decided_at < %(matured_before)s and decision.probability is not null and not decision.sandbox
order by decision.decided_at, decision.decision_id
limit %(most)s
