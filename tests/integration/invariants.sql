-- What always holds of the ledger. Each statement gives the rows that break it: none.

-- name: a_key_has_one_decision
-- Every remembered key has exactly one decision, made for its body.
select known.tenant, known.key, count(decisions.decision_id)
from idempotency as known
left join decisions
    on decisions.tenant = known.tenant
    and decisions.idempotency_key = known.key
    and decisions.fingerprint = known.fingerprint
    and decisions.decision_id = known.decision_id
    and decisions.decided_at = known.decided_at
group by known.tenant, known.key
having count(decisions.decision_id) <> 1

-- name: a_decision_has_its_key
-- No decision stands beside the one that its key names.
select decision_id from decisions
where not exists (
    select from idempotency as known
    where (known.tenant, known.key, known.decision_id)
        = (decisions.tenant, decisions.idempotency_key, decisions.decision_id)
)

-- name: a_transaction_is_decided_once
select transaction_id, count(*) from decisions group by transaction_id having count(*) > 1

-- name: a_decision_is_told_once
-- The stream hears of every decision but those of test tokens, once.
select decisions.decision_id, decisions.sandbox, count(outbox.id)
from decisions
left join outbox
    on outbox.topic = 'payments.decisions.v1'
    and convert_from(outbox.payload, 'UTF8')::jsonb ->> 'decision_id' = decisions.decision_id
group by decisions.decision_id, decisions.sandbox
having count(outbox.id) <> case when decisions.sandbox then 0 else 1 end

-- name: nothing_else_is_told
-- No event tells of a decision that the ledger does not hold.
select outbox.id from outbox
where outbox.topic = 'payments.decisions.v1'
    and not exists (
        select from decisions
        where decisions.decision_id = convert_from(outbox.payload, 'UTF8')::jsonb ->> 'decision_id'
    )

-- name: a_reply_says_what_the_row_says
select decision_id from decisions
where (convert_from(reply, 'UTF8')::jsonb ->> 'verdict') <> verdict
    or (convert_from(reply, 'UTF8')::jsonb ->> 'decision_id') <> decision_id
    or (convert_from(reply, 'UTF8')::jsonb ->> 'transaction_id') <> transaction_id
    or (convert_from(reply, 'UTF8')::jsonb ->> 'rung') <> rung

-- name: an_event_says_what_the_row_says
select decisions.decision_id
from decisions
join outbox
    on outbox.topic = 'payments.decisions.v1'
    and convert_from(outbox.payload, 'UTF8')::jsonb ->> 'decision_id' = decisions.decision_id
where (convert_from(outbox.payload, 'UTF8')::jsonb ->> 'verdict') <> decisions.verdict

-- name: a_place_in_flight_is_decided_as_its_row
-- Whoever was decided flies with the verdict that the ledger holds.
select inflight.seq from inflight join decisions using (transaction_id)
where inflight.decided and convert_from(inflight.event, 'UTF8')::jsonb ->> 'verdict' <> decisions.verdict
