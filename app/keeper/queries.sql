-- name: settled_xact
-- Every transaction before this one has ended: its rows are there for everybody, or never will be.
select pg_snapshot_xmin(pg_current_snapshot())::text::bigint

-- name: claim_sealing
-- One keeper seals a ledger; the lock goes with its connection.
select pg_try_advisory_lock(hashtextextended('faregate seals', 0))

-- name: last_seal
select number, format, from_xact::text::bigint as from_xact, to_xact::text::bigint as to_xact, to_id, rows,
    ids, hashes, previous, head,
    (extract(epoch from sealed_at) * 1000)::bigint as sealed_at_ms
from seals order by number desc limit 1

-- name: seals
select number, format, from_xact::text::bigint as from_xact, to_xact::text::bigint as to_xact, to_id, rows,
    ids, hashes, previous, head,
    (extract(epoch from sealed_at) * 1000)::bigint as sealed_at_ms
from seals order by number

-- name: heads_of
select number, encode(head, 'hex') from seals where number = any(%(numbers)s)

-- name: insert_seal
insert into seals (number, format, from_xact, to_xact, to_id, rows, ids, hashes, previous, head, sealed_at)
values (
    %(number)s, %(format)s, %(from_xact)s::text::xid8, %(to_xact)s::text::xid8, %(to_id)s, %(rows)s, %(ids)s,
    %(hashes)b, %(previous)b, %(head)b,
    timestamptz 'epoch' + %(sealed_at_ms)s * interval '1 millisecond'
)

-- name: decisions_1
-- The columns of format 1, which never change: a later column belongs to a later format.
select xact::text::bigint, 'decisions/' || decision_id as id,
    decided_at::text, tenant, idempotency_key, fingerprint, transaction_id, as_of_ms,
    user_id, card_id, device_id, driver_id, ride_id, amount_minor, currency, pickup_zone, dropoff_zone,
    verdict, score, probability, rung, rung_reason, feature_age_ms, model_version, scorer_kind,
    rulebook_version, lists_version, policy_version,
    card_epoch, card_version, user_epoch, user_version, device_epoch, device_version,
    zone_epoch, zone_version, profile_epoch, profile_version,
    positions::text, overlaid::text, pulse_id, vector, evidence::text, rules::text,
    request, reply, reasons::text, latency_us, sandbox
from decisions
where xact >= %(after_xact)s::text::xid8 and xact < %(before_xact)s::text::xid8
    and (xact > %(after_xact)s::text::xid8 or 'decisions/' || decision_id collate "C" > %(after_id)s)
order by decisions.xact, decisions.decision_id collate "C", decisions.decided_at
limit %(limit)s

-- name: labels_1
select xact::text::bigint, 'labels/' || label_id as id,
    decision_id, decided_at::text, label, labelled_by, why, labelled_at::text
from labels
where xact >= %(after_xact)s::text::xid8 and xact < %(before_xact)s::text::xid8
    and (xact > %(after_xact)s::text::xid8 or 'labels/' || label_id collate "C" > %(after_id)s)
order by labels.xact, label_id collate "C"
limit %(limit)s

-- name: outcomes_1
select xact::text::bigint, 'outcomes/' || outcome_id as id,
    transaction_id, decision_id, decided_at::text, outcome, reason_code, occurred_at::text, recorded_at::text,
    amount_minor
from outcomes
where xact >= %(after_xact)s::text::xid8 and xact < %(before_xact)s::text::xid8
    and (xact > %(after_xact)s::text::xid8 or 'outcomes/' || outcome_id collate "C" > %(after_id)s)
order by outcomes.xact, outcome_id collate "C"
limit %(limit)s

-- name: decisions_2
-- As format 1, and which ring the rider belonged to.
select xact::text::bigint, 'decisions/' || decision_id as id,
    decided_at::text, tenant, idempotency_key, fingerprint, transaction_id, as_of_ms,
    user_id, card_id, device_id, driver_id, ride_id, amount_minor, currency, pickup_zone, dropoff_zone,
    verdict, score, probability, rung, rung_reason, feature_age_ms, model_version, scorer_kind,
    rulebook_version, lists_version, policy_version,
    card_epoch, card_version, user_epoch, user_version, device_epoch, device_version,
    zone_epoch, zone_version, profile_epoch, profile_version,
    positions::text, overlaid::text, pulse_id, vector, evidence::text, rules::text,
    request, reply, reasons::text, latency_us, sandbox,
    ring_epoch, ring_version
from decisions
where xact >= %(after_xact)s::text::xid8 and xact < %(before_xact)s::text::xid8
    and (xact > %(after_xact)s::text::xid8 or 'decisions/' || decision_id collate "C" > %(after_id)s)
order by decisions.xact, decisions.decision_id collate "C", decisions.decided_at
limit %(limit)s

-- name: labels_2
-- As format 1, and the kind of fraud.
select xact::text::bigint, 'labels/' || label_id as id,
    decision_id, decided_at::text, label, labelled_by, why, labelled_at::text, fraud_type
from labels
where xact >= %(after_xact)s::text::xid8 and xact < %(before_xact)s::text::xid8
    and (xact > %(after_xact)s::text::xid8 or 'labels/' || label_id collate "C" > %(after_id)s)
order by labels.xact, label_id collate "C"
limit %(limit)s

-- name: outcomes_2
-- As format 1.
select xact::text::bigint, 'outcomes/' || outcome_id as id,
    transaction_id, decision_id, decided_at::text, outcome, reason_code, occurred_at::text, recorded_at::text,
    amount_minor
from outcomes
where xact >= %(after_xact)s::text::xid8 and xact < %(before_xact)s::text::xid8
    and (xact > %(after_xact)s::text::xid8 or 'outcomes/' || outcome_id collate "C" > %(after_id)s)
order by outcomes.xact, outcome_id collate "C"
limit %(limit)s

-- name: present
-- Which of these rows stand anywhere in the ledger.
select 'decisions/' || decision_id from decisions where decision_id = any(%(names)s)
union all
select 'labels/' || label_id from labels where label_id = any(%(names)s)
union all
select 'outcomes/' || outcome_id from outcomes where outcome_id = any(%(names)s)

-- name: count_unsealed
select
    (select count(*) from decisions where xact >= %(xact)s::text::xid8)
    + (select count(*) from labels where xact >= %(xact)s::text::xid8)
    + (select count(*) from outcomes where xact >= %(xact)s::text::xid8)

-- name: wait_briefly
-- Inserts wait behind whoever waits for the table's lock: better try again later.
set local lock_timeout = '30ms'

-- name: make_partitions
select make_partitions((clock_timestamp() at time zone 'UTC')::date, %(days)s)

-- name: prune_outbox
delete from outbox where id in (
    select id from (select id, sent_at from outbox order by id limit %(limit)s) as oldest
    where sent_at < now() - interval '1 hour'
)

-- name: prune_idempotency
-- Keys are promised for 24 hours.
delete from idempotency where (tenant, key) in (
    select tenant, key from idempotency
    where decided_at < now() - interval '25 hours' order by decided_at limit %(limit)s
)

-- name: prune_pulses
delete from pulses where pulse_id in (
    select pulse_id from pulses
    where recorded_at < now() - interval '30 days' order by recorded_at limit %(limit)s
)

-- name: prune_parity_checks
delete from parity_checks where id in (
    select id from (select id, checked_at from parity_checks order by id limit %(limit)s) as oldest
    where checked_at < now() - interval '30 days'
)

-- name: prune_shadow_scores
-- By then every chargeback of these payments is known, and the comparison is made.
delete from shadow_scores where (decision_id, model_version) in (
    select decision_id, model_version from shadow_scores
    where scored_at < now() - interval '120 days' order by scored_at limit %(limit)s
)

-- name: prune_drift_checks
delete from drift_checks where check_id in (
    select check_id from (
        select check_id, checked_at from drift_checks order by check_id limit %(limit)s
    ) as oldest
    where checked_at < now() - interval '30 days'
)

-- name: at_one_moment
set transaction isolation level repeatable read, read only
