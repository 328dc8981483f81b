-- What a payments backend relies on: keys that are answered once, a ledger by days that nobody rewrites, rules,
-- lists, keys of callers, analysts' labels and seals.

alter table decisions rename to decisions_before;
alter index decisions_decided_at rename to decisions_before_decided_at;
alter table outcomes rename to outcomes_before;
alter index outcomes_transaction_id rename to outcomes_before_transaction_id;
alter index outcomes_recorded_at rename to outcomes_before_recorded_at;

create table decisions (
    decision_id      text not null,
    decided_at       timestamptz not null,
    tenant           text not null,
    idempotency_key  text not null,
    fingerprint      bytea not null,
    transaction_id   text not null,
    as_of_ms         bigint not null,
    user_id          text not null,
    card_id          text not null,
    device_id        text not null,
    driver_id        text not null,
    ride_id          text not null,
    amount_minor     bigint not null check (amount_minor > 0),
    currency         text not null,
    pickup_zone      text not null,
    dropoff_zone     text not null,
    verdict          text not null check (verdict in ('approve', 'review', 'challenge', 'decline')),
    score            smallint not null check (score between 0 and 99),
    probability      double precision check (probability between 0 and 1),
    rung             text not null check (rung in ('R0', 'R1', 'R2', 'R3')),
    rung_reason      text,
    feature_age_ms   bigint,
    model_version    text,
    scorer_kind      text,
    rulebook_version bigint not null,
    lists_version    bigint not null,
    policy_version   text not null,
    card_epoch       bigint,
    card_version     bigint,
    user_epoch       bigint,
    user_version     bigint,
    device_epoch     bigint,
    device_version   bigint,
    zone_epoch       bigint,
    zone_version     bigint,
    profile_epoch    bigint,
    profile_version  bigint,
    positions        jsonb,
    overlaid         jsonb,
    pulse_id         text,
    vector           bytea,
    evidence         jsonb not null,
    rules            jsonb not null,
    request          bytea not null,
    reply            bytea not null,
    reasons          jsonb not null,
    latency_us       integer not null,
    sandbox          boolean not null default false,
    xact             xid8 not null default pg_current_xact_id(),
    primary key (decision_id, decided_at)
) partition by range (decided_at);
comment on table decisions is 'rows are only added; a decision_id begins with the milliseconds of as_of_ms';
comment on column decisions.fingerprint is 'sha256 of the canonical request';
comment on column decisions.vector is 'float32, little endian, in the order of the feature catalogue';
comment on column decisions.positions is
    'of each history read, by kind: source partition and newest folded offset in turn (domain.positions)';
comment on column decisions.overlaid is
    'payments in flight that were laid over the histories, in order: transaction, verdict or null if undecided, time in ms';
comment on column decisions.evidence is
    'what else the verdict was made of: the rider''s normals, the list entry that matched, rules that failed';
comment on column decisions.rules is 'rules that hit, shadow ones included (domain.rules.RuleHit)';
comment on column decisions.latency_us is 'from the arrival of the request to the hand-over to this table';
comment on column decisions.xact is 'of the transaction that added the row: the keeper seals what every snapshot sees';
create index decisions_decided_at on decisions (decided_at);
create index decisions_transaction_id on decisions (transaction_id);
create index decisions_xact on decisions (xact);

-- Whatever no day's partition takes: a ledger must never refuse a row for want of one.
create table decisions_other partition of decisions default;

-- Makes the partitions of so many days from a day on; a day whose rows wait in the default partition stays there.
create function make_partitions(first_day date, days integer) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    made integer := 0;
    day date;
    name text;
begin
    foreach day in array array(select first_day + n from generate_series(0, least(days, 400) - 1) as n) loop
        name := 'decisions_' || to_char(day, 'YYYYMMDD');
        if to_regclass(name) is null and not exists (
            select from decisions_other
            where decided_at >= day::timestamp at time zone 'UTC'
              and decided_at < (day + 1)::timestamp at time zone 'UTC'
        ) then
            execute format(
                'create table %I partition of decisions for values from (%L) to (%L)',
                name, day::timestamp at time zone 'UTC', (day + 1)::timestamp at time zone 'UTC'
            );
            made := made + 1;
        end if;
    end loop;
    return made;
end
$$;
revoke execute on function make_partitions from public;

select make_partitions(first_day, (current_timestamp at time zone 'UTC')::date - first_day + 8)
from (
    select (coalesce(min(decided_at), current_timestamp) at time zone 'UTC')::date - 1 as first_day from decisions_before
) as oldest;

-- One row a key, for as long as keys are remembered, and one a transaction. In flight is the uncommitted row.
create table idempotency (
    tenant         text not null,
    key            text not null,
    transaction_id text not null,
    fingerprint    bytea not null,
    decision_id    text not null,
    decided_at     timestamptz not null,
    primary key (tenant, key),
    constraint idempotency_transaction_id unique (transaction_id)
);
create index idempotency_decided_at on idempotency (decided_at);

create table outcomes (
    outcome_id     text primary key,
    transaction_id text not null,
    decision_id    text not null,
    decided_at     timestamptz not null,
    outcome        text not null,
    reason_code    text,
    occurred_at    timestamptz not null,
    recorded_at    timestamptz not null default clock_timestamp(),
    amount_minor   bigint not null check (amount_minor > 0),
    xact           xid8 not null default pg_current_xact_id(),
    foreign key (decision_id, decided_at) references decisions (decision_id, decided_at)
);
create index outcomes_transaction_id on outcomes (transaction_id);
create index outcomes_xact on outcomes (xact);
create index outcomes_recorded_at on outcomes (recorded_at);

insert into decisions (
    decision_id, decided_at, tenant, idempotency_key, fingerprint, transaction_id, as_of_ms,
    user_id, card_id, device_id, driver_id, ride_id, amount_minor, currency, pickup_zone, dropoff_zone,
    verdict, score, probability, rung, rung_reason, feature_age_ms, model_version, scorer_kind,
    rulebook_version, lists_version, policy_version,
    card_epoch, card_version, user_epoch, user_version, device_epoch, device_version,
    zone_epoch, zone_version, profile_epoch, profile_version, positions, overlaid, pulse_id,
    vector, evidence, rules, request, reply, reasons, latency_us
)
select
    decision_id, decided_at, 'local', transaction_id, sha256(request), transaction_id, as_of_ms,
    user_id, card_id, device_id, driver_id, ride_id, amount_minor, currency, pickup_zone, dropoff_zone,
    verdict, score, probability, rung, rung_reason, feature_age_ms, model_version, scorer_kind,
    0, 0, 'before',
    card_epoch, card_version, user_epoch, user_version, device_epoch, device_version,
    zone_epoch, zone_version, profile_epoch, profile_version, positions, overlaid, pulse_id,
    vector, '{}', '[]', request, reply, reasons, latency_us
from decisions_before;

insert into idempotency
select tenant, idempotency_key, transaction_id, fingerprint, decision_id, decided_at from decisions;

insert into outcomes (
    outcome_id, transaction_id, decision_id, decided_at, outcome, reason_code, occurred_at, recorded_at, amount_minor
)
select
    outcome_id, transaction_id, decision_id, decided_at, outcome, reason_code, occurred_at, recorded_at, before.amount_minor
from outcomes_before as before join decisions using (transaction_id);

drop table outcomes_before;
drop table decisions_before;

-- A payment that was decided before gets no place among those in flight.
create or replace function arrive(
    its_id text, its_card text, its_user text, its_device text, its_at_ms bigint, its_event bytea,
    views text[], entities text[]
) returns table (seq bigint, view text, payload bytea) language plpgsql as $$
#variable_conflict use_column
declare
    own bigint;
    lower_than bigint;  -- null: all that fly
begin
    perform pg_advisory_xact_lock(key) from (
        select hashtextextended(id, 0) as key from unnest(array[its_card, its_user, its_device]) as id order by 1
    ) as in_one_order;
    update inflight set at_ms = its_at_ms, event = its_event
    where card_id = its_card and transaction_id = its_id and not decided
    returning inflight.seq into own;
    if own is null then
        insert into inflight (transaction_id, card_id, user_id, device_id, at_ms, event)
        select its_id, its_card, its_user, its_device, its_at_ms, its_event
        where not exists (select from idempotency where transaction_id = its_id)
        returning inflight.seq into own;
        lower_than := own;
    end if;
    return query
    select own, null, null::bytea
    union all
    select null, stored.view, stored.payload
    from unnest(views, entities) as wanted (view, entity_id)
    join online_store as stored using (view, entity_id)
    union all (
        select seq, null, event from inflight
        where card_id = its_card and (lower_than is null or seq < lower_than) and transaction_id <> its_id
        order by seq desc limit 64
    ) union all (
        select seq, null, event from inflight
        where user_id = its_user and (lower_than is null or seq < lower_than) and transaction_id <> its_id
        order by seq desc limit 64
    ) union all (
        select seq, null, event from inflight
        where device_id = its_device and (lower_than is null or seq < lower_than) and transaction_id <> its_id
        order by seq desc limit 64
    );
end
$$;

-- What was in force when: a version a change, for rules and for lists apart. Each change is notified on `policies`.
create table policy_changes (
    version    bigint generated always as identity primary key,
    kind       text not null check (kind in ('rules', 'lists')),
    changed_by text not null,
    why        text not null default '',
    changed_at timestamptz not null default clock_timestamp()
);
create index policy_changes_kind on policy_changes (kind, version desc);

-- A changed rule is a new row; the rulebook of a version holds each rule's newest row up to it.
create table rules (
    rule_id          text not null,
    version          integer not null check (version > 0),
    rulebook_version bigint not null references policy_changes (version),
    expression       text not null check (length(expression) <= 2000),
    action           text not null check (action in ('decline', 'challenge', 'review', 'approve', 'add_score')),
    points           integer check (points between -99 and 99),
    priority         integer not null,
    mode             text not null check (mode in ('draft', 'shadow', 'live')),
    share            double precision not null default 1 check (share between 0 and 1),
    owner            text not null,
    expires_at       timestamptz,
    note             text not null default '',
    primary key (rule_id, version),
    check ((action = 'add_score') = (points is not null))
);
create index rules_rulebook_version on rules (rulebook_version);

create table list_entries (
    entry_id        text primary key,
    list            text not null check (list in ('block', 'allow')),
    field           text not null check (field in ('card_id', 'user_id', 'device_id', 'email_hash')),
    value           text not null check (length(value) <= 80),
    expires_at      timestamptz,
    added_version   bigint not null references policy_changes (version),
    removed_version bigint references policy_changes (version)
);
create index list_entries_value on list_entries (field, value);

create table api_keys (
    key_id      text primary key,
    tenant      text not null,
    name        text not null,
    secret_hash bytea not null unique,
    scopes      text[] not null,
    test        boolean not null default false,
    signed      boolean not null default false,
    rate_per_s  integer not null check (rate_per_s > 0),
    burst       integer not null check (burst > 0),
    created_at  timestamptz not null default clock_timestamp(),
    expires_at  timestamptz,
    revoked_at  timestamptz
);
comment on column api_keys.secret_hash is 'sha256 of the secret, which is shown once';
comment on column api_keys.signed is 'calls must bear a signature; its secret is derived, not stored';

create table labels (
    label_id    text primary key,
    decision_id text not null,
    decided_at  timestamptz not null,
    label       text not null check (label in ('fraud', 'good')),
    labelled_by text not null,
    why         text not null default '',
    labelled_at timestamptz not null default clock_timestamp(),
    xact        xid8 not null default pg_current_xact_id(),
    foreign key (decision_id, decided_at) references decisions (decision_id, decided_at)
);
comment on table labels is 'analysts'' words; the newest of a decision holds, a chargeback stands above it';
create index labels_decision_id on labels (decision_id, labelled_at);
create index labels_xact on labels (xact);

-- Batches of ledger rows, chained by hash; the heads are also written outside this database.
create table seals (
    number    bigint primary key check (number > 0),
    format    smallint not null,
    from_xact xid8 not null,
    to_xact   xid8 not null,
    to_id     text not null default '',
    rows      integer not null check (rows > 0),
    ids       text[] not null,
    hashes    bytea not null,
    previous  bytea not null,
    head      bytea not null,
    sealed_at timestamptz not null default clock_timestamp()
);
comment on table seals is 'rows with from_xact <= xact < to_xact, in the order of xact and id';
comment on column seals.to_id is
    'not empty where more rows waited than a batch holds: rows of to_xact up to this id belong to it as well';
comment on column seals.hashes is 'sha256 of each row, 32 bytes each, in the order of ids';

-- Nobody but the owner may change or remove a decision, an outcome, a label or a seal.
grant select, insert on decisions, outcomes, idempotency, labels to faregate_api;
grant select on policy_changes, rules, list_entries, api_keys to faregate_api;
grant select on decisions, outcomes, idempotency, labels, policy_changes, rules, list_entries to faregate_learner, faregate_console;
grant select, insert on labels to faregate_console;
grant select, insert on policy_changes, rules, list_entries to faregate_console;
grant update (removed_version) on list_entries to faregate_console;
grant select on seals to faregate_console;
grant select on decisions, outcomes, labels to faregate_keeper;
grant select, insert on seals to faregate_keeper;
grant select, delete on idempotency, pulses to faregate_keeper;
grant select (id, checked_at), delete on parity_checks to faregate_keeper;
grant select (id, sent_at), delete on outbox to faregate_keeper;
grant execute on function make_partitions to faregate_keeper;
