-- Payments in flight, the platform's pulse, all that a decision read by its place in Kafka, and parity checks.

alter table decisions
    add column device_epoch   bigint,
    add column device_version bigint,
    add column zone_epoch     bigint,
    add column zone_version   bigint,
    add column positions      jsonb,
    add column overlaid       jsonb,
    add column pulse_id       text;
comment on column decisions.positions is
    'of each history read, by kind: source partition and newest folded offset in turn (domain.positions)';
comment on column decisions.overlaid is
    'payments in flight that were laid over the histories, in order: transaction, verdict or null if undecided, time in ms';

-- Payments that the stream may not have told yet. Lost in a crash, and worth nothing after it.
-- Each row is written twice and soon removed: room on each page keeps the second time off the indexes.
create unlogged table inflight (
    seq            bigint generated always as identity primary key,
    transaction_id text not null,
    card_id        text not null,
    user_id        text not null,
    device_id      text not null,
    at_ms          bigint not null,
    event          bytea not null,
    decided        boolean not null default false
) with (
    fillfactor = 45,
    autovacuum_vacuum_scale_factor = 0,
    autovacuum_vacuum_threshold = 2000,
    autovacuum_vacuum_cost_delay = 0
);
comment on column inflight.event is 'payment.decided as JSON: what was asked for, later as it was decided';
create index inflight_card_id on inflight (card_id, seq);
create index inflight_user_id on inflight (user_id, seq);
create index inflight_device_id on inflight (device_id, seq);
create index inflight_at_ms on inflight (at_ms);

-- Puts a payment among those in flight and says what is known before it, in one call: the first row is its own
-- place, then come the stored rows asked for, then the payments in flight of the same card, user or device.
-- A payment that was decided before gets no place: it flies no more, and its time would be another.
-- An attempt that nobody finished gives its place to the next try, which sees all that came meanwhile.
-- Of two payments that share one of these the later waits here until the earlier is committed, and so sees it.
-- At most 64 payments are told of each, the newest: nobody can make the answer grow without end.
create function arrive(
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
        where not exists (select from decisions where transaction_id = its_id)
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
revoke execute on function arrive from public;
grant execute on function arrive to faregate_api;

-- The sum of all zones that decisions were made with, told by what it was summed from.
create table pulses (
    pulse_id    text primary key,
    at_ms       bigint not null,
    zones       jsonb not null,
    recorded_at timestamptz not null default clock_timestamp()
);
comment on column pulses.zones is 'by zone: epoch, version and positions of its history';
create index pulses_recorded_at on pulses (recorded_at);

create table parity_checks (
    id               bigint generated always as identity primary key,
    checked_at       timestamptz not null default clock_timestamp(),
    decisions        integer not null check (decisions >= 0),
    as_known         integer not null check (as_known between 0 and decisions),
    with_hindsight   integer not null check (with_hindsight between 0 and decisions),
    first_difference jsonb
);
comment on table parity_checks is 'samples of decisions whose vectors were computed again from raw events';

grant select, insert, delete, update (at_ms, event, decided) on inflight to faregate_api;
grant select on inflight to faregate_writer, faregate_learner;
grant select, insert on pulses to faregate_api;
grant select on parity_checks to faregate_api;
grant select on pulses to faregate_learner, faregate_console;
grant select, insert on parity_checks to faregate_learner;
grant select on parity_checks to faregate_console;
