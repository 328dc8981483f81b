-- The decision ledger, its outbox, what became of payments, and the online feature store.

create table decisions (
    decision_id     text primary key,
    transaction_id  text not null unique,
    decided_at      timestamptz not null,
    as_of_ms        bigint not null,
    user_id         text not null,
    card_id         text not null,
    device_id       text not null,
    driver_id       text not null,
    ride_id         text not null,
    amount_minor    bigint not null check (amount_minor > 0),
    currency        text not null,
    pickup_zone     text not null,
    dropoff_zone    text not null,
    verdict         text not null check (verdict in ('approve', 'review', 'challenge', 'decline')),
    score           smallint not null check (score between 0 and 99),
    probability     double precision check (probability between 0 and 1),
    rung            text not null check (rung in ('R0', 'R1', 'R2', 'R3')),
    rung_reason     text,
    feature_age_ms  bigint,
    model_version   text,
    scorer_kind     text,
    card_epoch      bigint,
    card_version    bigint,
    user_epoch      bigint,
    user_version    bigint,
    profile_epoch   bigint,
    profile_version bigint,
    vector          bytea,
    request         bytea not null,
    reply           bytea not null,
    reasons         jsonb not null,
    latency_us      integer not null
);
comment on column decisions.vector is 'float32, little endian, in the order of the feature catalogue';
comment on column decisions.latency_us is 'from the arrival of the request to the hand-over to this table';
create index decisions_decided_at on decisions (decided_at);

create table outcomes (
    outcome_id     text primary key,
    transaction_id text not null references decisions (transaction_id),
    outcome        text not null,
    reason_code    text,
    occurred_at    timestamptz not null,
    recorded_at    timestamptz not null default clock_timestamp(),
    amount_minor   bigint not null check (amount_minor > 0)
);
create index outcomes_transaction_id on outcomes (transaction_id);
create index outcomes_recorded_at on outcomes (recorded_at);

create table outbox (
    id         bigint generated always as identity primary key,
    topic      text not null,
    key        text not null,
    payload    bytea not null,
    created_at timestamptz not null default clock_timestamp(),
    sent_at    timestamptz
);
create index outbox_unsent on outbox (id) where sent_at is null;

-- Rows are overwritten all the time: room on each page keeps the updates off the index.
create table online_store (
    view       text not null,
    entity_id  text not null,
    epoch      bigint not null,
    version    bigint not null,
    known_at   timestamptz not null,
    written_at timestamptz not null default clock_timestamp(),
    payload    bytea not null,
    primary key (view, entity_id)
) with (fillfactor = 70);

-- Nobody but the owner may change or remove a decision.
grant select, insert on decisions, outcomes to faregate_api;
grant insert on outbox to faregate_api;
grant select on online_store to faregate_api;
grant select, update (sent_at) on outbox to faregate_relay;
grant select, insert, update, delete on online_store to faregate_writer;
grant select on decisions, outcomes, online_store to faregate_learner;
grant select on decisions, outcomes, outbox, online_store to faregate_console;
