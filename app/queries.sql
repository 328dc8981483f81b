-- name: arrive
-- Put a payment among those in flight, and read what the stream and the others in flight tell of it.
select seq, view, payload from arrive(
    %(transaction_id)s, %(card_id)s, %(user_id)s, %(device_id)s, %(at_ms)s, %(event)b,
    %(views)s, %(entities)s
)

-- name: read_zones
select entity_id, payload from online_store where view = %(view)s

-- name: remove_from_flight
delete from inflight where seq = %(seq)s and transaction_id = %(transaction_id)s and not decided

-- name: sweep_flight
-- What the stream has told long ago.
delete from inflight where at_ms < %(before_ms)s

-- name: record_decision
-- Keep a decision and its event together, and tell those in flight of its verdict; no row comes back if its key
-- or its transaction was decided before. An insert that another has not yet committed is waited for.
with claimed as (
    insert into idempotency (tenant, key, transaction_id, fingerprint, decision_id, decided_at)
    values (
        %(tenant)s, %(idempotency_key)s, %(transaction_id)s, %(fingerprint)b, %(decision_id)s, %(decided_at)s
    )
    on conflict do nothing
    returning decision_id, transaction_id
), kept as (
    insert into decisions (
        decision_id, decided_at, tenant, idempotency_key, fingerprint, transaction_id, as_of_ms,
        user_id, card_id, device_id, driver_id, ride_id,
        amount_minor, currency, pickup_zone, dropoff_zone,
        verdict, score, probability, rung, rung_reason, feature_age_ms, model_version, scorer_kind,
        rulebook_version, lists_version, policy_version,
        card_epoch, card_version, user_epoch, user_version, device_epoch, device_version,
        zone_epoch, zone_version, profile_epoch, profile_version, ring_epoch, ring_version,
        positions, overlaid, pulse_id,
        vector, evidence, rules, request, reply, reasons, latency_us, sandbox
    )
    select
        decision_id, %(decided_at)s, %(tenant)s, %(idempotency_key)s, %(fingerprint)b, transaction_id, %(as_of_ms)s,
        %(user_id)s, %(card_id)s, %(device_id)s, %(driver_id)s, %(ride_id)s,
        %(amount_minor)s, %(currency)s, %(pickup_zone)s, %(dropoff_zone)s,
        %(verdict)s, %(score)s, %(probability)s, %(rung)s, %(rung_reason)s, %(feature_age_ms)s,
        %(model_version)s, %(scorer_kind)s,
        %(rulebook_version)s, %(lists_version)s, %(policy_version)s,
        %(card_epoch)s, %(card_version)s, %(user_epoch)s, %(user_version)s,
        %(device_epoch)s, %(device_version)s, %(zone_epoch)s, %(zone_version)s,
        %(profile_epoch)s, %(profile_version)s, %(ring_epoch)s, %(ring_version)s,
        %(positions)s::jsonb, %(overlaid)s::jsonb, %(pulse_id)s,
        %(vector)b, %(evidence)s::jsonb, %(rules)s::jsonb, %(request)b, %(reply)b, %(reasons)s::jsonb,
        %(latency_us)s, %(sandbox)s
    from claimed
), queued as (
    insert into outbox (topic, key, payload)
    select %(topic)s, %(user_id)s, %(event)b from claimed where not %(sandbox)s
), landed as (
    update inflight set event = %(event)b, decided = true
    from claimed where inflight.seq = %(seq)s and inflight.transaction_id = claimed.transaction_id
)
select decision_id from claimed

-- name: keep_pulse
insert into pulses (pulse_id, at_ms, zones) values (%(id)s, %(at_ms)s, %(zones)s::jsonb)
on conflict (pulse_id) do nothing

-- name: stored_reply
-- What was answered under this key, else on this transaction under another key or to another tenant.
select
    known.tenant = %(tenant)s as same_tenant,
    known.tenant = %(tenant)s and known.key = %(idempotency_key)s as same_key,
    known.fingerprint, decisions.reply
from idempotency as known
join decisions using (decision_id, decided_at)
where (known.tenant = %(tenant)s and known.key = %(idempotency_key)s)
    or known.transaction_id = %(transaction_id)s
order by same_key desc limit 1

-- name: recall
-- What was answered under a key.
select known.fingerprint, decisions.reply
from idempotency as known
join decisions using (decision_id, decided_at)
where known.tenant = %(tenant)s and known.key = %(key)s

-- name: find_decision
select transaction_id, request, reply from decisions
where decision_id = %(decision_id)s and tenant = %(tenant)s
    and decided_at between %(earliest)s and %(latest)s

-- name: find_outcomes
select outcome_id, outcome, reason_code, amount_minor, occurred_at, recorded_at
from outcomes where transaction_id = %(transaction_id)s order by occurred_at, outcome_id

-- name: find_payment
-- Whom and what an outcome is about.
select
    decision_id, decided_at, sandbox, user_id, card_id, device_id, pickup_zone, amount_minor, currency, verdict, as_of_ms
from decisions where transaction_id = %(transaction_id)s and tenant = %(tenant)s
order by decided_at desc limit 1

-- name: one_outcome_at_a_time
-- Of two captures at the same instant one must see the other.
select pg_advisory_xact_lock(hashtextextended(%(transaction_id)s, 1))

-- name: record_outcome
-- Keep an outcome and its events together; one that is known already changes nothing, and only the first
-- capture corrects the amount.
with kept as (
    insert into outcomes (
        outcome_id, transaction_id, decision_id, decided_at, outcome, reason_code, occurred_at, amount_minor
    )
    values (
        %(outcome_id)s, %(transaction_id)s, %(decision_id)s, %(decided_at)s,
        %(outcome)s, %(reason_code)s, %(occurred_at)s, %(amount_minor)s
    )
    on conflict (outcome_id) do nothing
    returning outcome_id
), corrected as (
    select 1 from kept where %(correction)b::bytea is not null and not exists (
        select from outcomes where transaction_id = %(transaction_id)s and outcome = 'captured'
    )
)
insert into outbox (topic, key, payload)
select %(topic)s, %(user_id)s, %(event)b from kept where not %(sandbox)s
union all
select %(topic)s, %(user_id)s, %(correction)b::bytea from corrected where not %(sandbox)s

-- name: probe_write
-- Run in a transaction that is rolled back: can anything durable be written?
insert into outbox (topic, key, payload) values ('readiness', 'readiness', '')

-- name: ring
-- Wake the relay.
select pg_notify('outbox', '')

-- name: listen
listen outbox

-- name: take_unsent
-- The oldest events to send that no other relay holds.
select id, topic, key, payload, (extract(epoch from created_at) * 1000)::bigint as created_ms from outbox
where sent_at is null order by id limit %(limit)s for update skip locked

-- name: mark_sent
update outbox set sent_at = clock_timestamp() where id = any(%(ids)s)

-- name: settled
-- The time, and since when the oldest event waits (those that another relay holds included) if one does.
select
    clock_timestamp() as now,
    (select created_at from outbox where sent_at is null order by id limit 1) as waiting_since

-- name: newest_parity_check
select decisions, as_known, with_hindsight from parity_checks order by id desc limit 1

-- name: kept_decision
-- All that a decision was made of.
select
    decision_id, tenant, transaction_id, decided_at, as_of_ms, rung, rung_reason, feature_age_ms,
    model_version, scorer_kind, rulebook_version, lists_version, policy_version,
    jsonb_build_object(
        'card', jsonb_build_array(card_epoch, card_version),
        'user', jsonb_build_array(user_epoch, user_version),
        'device', jsonb_build_array(device_epoch, device_version),
        'zone', jsonb_build_array(zone_epoch, zone_version),
        'profile', jsonb_build_array(profile_epoch, profile_version),
        'ring', jsonb_build_array(ring_epoch, ring_version)
    )::text as histories,
    positions::text, overlaid::text, pulse_id, vector, evidence::text, rules::text, request, reply, sandbox
from decisions
where decision_id = %(decision_id)s and (tenant = %(tenant)s or %(tenant)s::text is null)
    and decided_at between %(earliest)s and %(latest)s

-- name: record_label
-- An analyst's word on a decision of the tenant; no row comes back if there is no such decision.
insert into labels (label_id, decision_id, decided_at, label, labelled_by, why, labelled_at)
select %(label_id)s, decision_id, decided_at, %(label)s, %(labelled_by)s, %(why)s, %(labelled_at)s
from decisions
where decision_id = %(decision_id)s and tenant = %(tenant)s
    and decided_at between %(earliest)s and %(latest)s
returning label_id

-- name: find_labels
select
    label_id, decision_id, label, labelled_by, why,
    (extract(epoch from labelled_at) * 1000)::bigint as labelled_at_ms
from labels where decision_id = %(decision_id)s order by labelled_at, label_id

-- name: rule_expression
select expression from rules where rule_id = %(rule_id)s and version = %(version)s
