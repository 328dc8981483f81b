-- name: known_attack
-- When the first of these transactions was known as fraud, in milliseconds: by a chargeback or an analyst's word.
select min((extract(epoch from known_at) * 1000)::bigint) from (
    select recorded_at as known_at from outcomes
    where outcome = 'chargeback' and transaction_id = any(%(transactions)s)
    union all
    select labelled_at from labels join decisions using (decision_id, decided_at)
    where label = 'fraud' and transaction_id = any(%(transactions)s)
) as known

-- name: promotion
-- The learner's first promotion: which model, and from when on it decides, in milliseconds.
select version, (extract(epoch from active_from) * 1000)::bigint as active_from_ms
from model_moves
where to_state = 'champion' and moved_by = 'learner'
order by move_id limit 1

-- name: first_champion
select version from model_moves where to_state = 'champion' order by move_id limit 1

-- name: first_decision
-- When a model first decided after an instant, in milliseconds.
select min((extract(epoch from decided_at) * 1000)::bigint) from decisions
where model_version = %(version)s and decided_at >= %(since)s

-- name: rounds
-- What the learner has done, in order, after a round.
select round_id, trigger, labels, verdict, why, compute_s from learning_rounds
where round_id > %(after)s order by round_id

-- name: compute
-- Processor time, in seconds, of the rounds that ended by an instant.
select coalesce(sum(compute_s), 0)::double precision from learning_rounds where ended_at <= %(until)s

-- name: scored_payments
-- Payments with a vector, as they were served.
select
    transaction_id, user_id, card_id, as_of_ms, amount_minor, vector,
    (extract(epoch from decided_at) * 1000)::bigint as decided_ms
from decisions
where vector is not null and not sandbox
order by as_of_ms, transaction_id
