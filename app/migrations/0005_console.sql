-- The console: people and their roles, alerts and who works on them, and what everybody did.

create table people (
    person_id   text primary key check (person_id ~ '^[a-z][a-z0-9._-]{1,39}$'),
    name        text not null check (length(name) between 1 and 80),
    role        text not null check (role in ('analyst', 'lead', 'admin')),
    email       text unique,
    password    bytea,
    created_at  timestamptz not null default clock_timestamp(),
    disabled_at timestamptz
);
comment on column people.email is 'by which an OpenID provider names the person; null: signs in here';
comment on column people.password is '16 bytes of salt, then scrypt of the password; null: signs in elsewhere';

create table console_sessions (
    token_hash bytea primary key,
    person_id  text not null references people (person_id) on delete cascade,
    created_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz not null
);
comment on column console_sessions.token_hash is 'sha256 of the token, which only the browser holds';

create table audit_trail (
    audit_id   bigint generated always as identity primary key,
    at         timestamptz not null default clock_timestamp(),
    person_id  text not null,
    role       text not null,
    action     text not null check (action ~ '^[a-z_]{1,40}\.[a-z_]{1,40}$'),
    subject    text not null default '',
    details    jsonb not null default '{}',
    action_key text unique
);
comment on table audit_trail is 'rows are only added, in the transaction of what they tell of';
comment on column audit_trail.action_key is 'of one click: the second click with it changes nothing';
create index audit_trail_subject on audit_trail (subject, audit_id desc);
create index audit_trail_at on audit_trail (at);

alter table labels drop constraint labels_label_check;
alter table labels add constraint labels_label_check check (label in ('fraud', 'good', 'unknown'));
alter table labels add column fraud_type text;
comment on column labels.label is 'unknown: the analyst cannot tell, or takes an earlier word back';

create index decisions_user_id on decisions (user_id, decided_at);
create index decisions_card_id on decisions (card_id, decided_at);
create index decisions_device_id on decisions (device_id, decided_at);

-- What a verdict may still cost if nobody looks, in minor units (domain.cost.Costs says the same).
create function money_at_risk(verdict text, chance double precision, amount_minor bigint) returns double precision
language sql immutable parallel safe as $$
    select case verdict
        when 'decline' then (1 - chance) * (1000 + 0.25 * amount_minor)
        when 'challenge' then
            chance * 0.1 * (amount_minor + 2500) + (1 - chance) * 0.2 * (1000 + 0.25 * amount_minor)
        else chance * (amount_minor + 2500)
    end
$$;

create table alerts (
    decision_id    text primary key,
    decided_at     timestamptz not null,
    transaction_id text not null,
    user_id        text not null,
    card_id        text not null,
    device_id      text not null,
    amount_minor   bigint not null,
    currency       text not null,
    pickup_zone    text not null,
    verdict        text not null,
    score          smallint not null,
    chance         double precision not null,
    model_version  text,
    rule_ids       text[] not null,
    lead_reason    text,
    at_risk_minor  bigint not null,
    review_minutes real not null,
    worth          double precision not null,
    revision       integer not null default 0,
    assignee       text,
    claimed_until  timestamptz,
    snoozed_until  timestamptz,
    escalated_at   timestamptz,
    closed_at      timestamptz,
    closed_by      text,
    resolution     text check (resolution in ('fraud', 'good', 'cannot_tell')),
    fraud_type     text,
    check ((closed_at is null) = (resolution is null))
);
comment on table alerts is 'a row for each decision that stopped or questioned a payment, and where its case stands';
comment on column alerts.chance is 'of fraud: the model''s probability, else what the score stands for';
comment on column alerts.worth is 'money at risk a minute of review, in minor units: the order of the queue';
comment on column alerts.revision is 'rises with every change, so that a stale page is noticed';
create index alerts_open_worth on alerts (worth desc, decision_id) where closed_at is null;
create index alerts_open_decided_at on alerts (decided_at desc) where closed_at is null;
create index alerts_user_id on alerts (user_id);
create index alerts_card_id on alerts (card_id);
create index alerts_device_id on alerts (device_id);
create index alerts_transaction_id on alerts (transaction_id);
create index alerts_resolved on alerts (lead_reason, closed_at desc) where closed_at is not null;

create function raise_alert() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    chance double precision := coalesce(new.probability, 1 / (1 + 2 ^ ((50 - new.score) / 7.0)));
    minutes real := case new.verdict when 'review' then 3 else 2 end;
    at_risk double precision := money_at_risk(new.verdict, chance, new.amount_minor);
begin
    insert into alerts (
        decision_id, decided_at, transaction_id, user_id, card_id, device_id, amount_minor, currency,
        pickup_zone, verdict, score, chance, model_version, rule_ids, lead_reason,
        at_risk_minor, review_minutes, worth
    ) values (
        new.decision_id, new.decided_at, new.transaction_id, new.user_id, new.card_id, new.device_id,
        new.amount_minor, new.currency, new.pickup_zone, new.verdict, new.score, chance, new.model_version,
        array(select hit ->> 'rule_id' from jsonb_array_elements(new.rules) as hit where (hit ->> 'acted')::boolean),
        new.reasons -> 0 ->> 'code', round(at_risk), minutes, at_risk / minutes
    ) on conflict do nothing;
    return null;
end
$$;
create trigger decisions_raise_alert after insert on decisions
    for each row when (new.verdict <> 'approve' and not new.sandbox) execute function raise_alert();

-- Whoever says what a payment was, here or through the API, closes its case.
create function close_alert() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
    if tg_table_name = 'labels' then
        update alerts set
            closed_at = clock_timestamp(), closed_by = new.labelled_by, fraud_type = new.fraud_type,
            resolution = case new.label when 'unknown' then 'cannot_tell' else new.label end,
            revision = revision + 1
        where decision_id = new.decision_id and closed_at is null;
    else
        update alerts set
            closed_at = clock_timestamp(), closed_by = 'chargeback', resolution = 'fraud', revision = revision + 1
        where decision_id = new.decision_id and closed_at is null;
    end if;
    return null;
end
$$;
create trigger labels_close_alert after insert on labels for each row execute function close_alert();
create trigger outcomes_close_alert after insert on outcomes
    for each row when (new.outcome = 'chargeback') execute function close_alert();

insert into alerts (
    decision_id, decided_at, transaction_id, user_id, card_id, device_id, amount_minor, currency,
    pickup_zone, verdict, score, chance, model_version, rule_ids, lead_reason, at_risk_minor, review_minutes, worth,
    closed_at, closed_by, resolution
)
select
    decision_id, decided_at, transaction_id, user_id, card_id, device_id, amount_minor, currency,
    pickup_zone, verdict, score, chance, model_version,
    array(select hit ->> 'rule_id' from jsonb_array_elements(rules) as hit where (hit ->> 'acted')::boolean),
    reasons -> 0 ->> 'code', round(at_risk), minutes, at_risk / minutes,
    word.labelled_at, word.labelled_by, word.label
from decisions
cross join lateral (
    select coalesce(probability, 1 / (1 + 2 ^ ((50 - score) / 7.0))) as chance,
           case verdict when 'review' then 3 else 2 end as minutes
) as judged
cross join lateral (select money_at_risk(verdict, chance, amount_minor) as at_risk) as cost
left join lateral (
    select labelled_at, labelled_by, label from labels
    where labels.decision_id = decisions.decision_id order by labelled_at desc, label_id desc limit 1
) as word on true
where verdict <> 'approve' and not sandbox;

grant select on people, console_sessions, audit_trail, alerts to faregate_console;
grant insert, delete on console_sessions to faregate_console;
grant insert on audit_trail to faregate_console;
grant update (revision, assignee, claimed_until, snoozed_until, escalated_at, closed_at, closed_by, resolution, fraud_type)
    on alerts to faregate_console;
grant insert on model_moves to faregate_console;
grant select, insert, update, delete on model_wishes to faregate_console;
