-- Models that learn: a registry of every artefact and each of its moves, how far the API's processes are, what
-- models in the shadow say, and what the learner did and saw.

create table models (
    version       text primary key,
    kind          text not null check (kind in ('offline', 'recent')),
    base_version  text references models (version),
    signature     bytea not null,
    seal          bytea not null,
    data_from     timestamptz not null,
    data_until    timestamptz not null,
    code_version  text not null,
    metrics       jsonb not null,
    report        text,
    registered_by text not null,
    registered_at timestamptz not null default clock_timestamp(),
    check ((kind = 'recent') = (base_version is not null))
);
comment on column models.kind is 'offline: trained from nothing; recent: a few trees on top of an offline model';
comment on column models.signature is 'signature.json as it was written; it names and hashes every other file';
comment on column models.seal is 'keyed hash of the signature; the key is not in this database';
comment on column models.report is 'the report''s HTML, whole';

create table model_files (
    version text not null references models (version),
    name    text not null check (name ~ '^[a-z_.]{1,40}$'),
    content bytea not null,
    primary key (version, name)
);
alter table model_files alter column content set storage external;

create table model_moves (
    move_id     bigint generated always as identity primary key,
    version     text not null references models (version),
    from_state  text check (from_state in ('candidate', 'shadow', 'canary', 'champion', 'retired')),
    to_state    text not null check (to_state in ('candidate', 'shadow', 'canary', 'champion', 'retired')),
    share       double precision not null default 0 check (share between 0 and 1),
    moved_by    text not null,
    why         text not null default '',
    moved_at    timestamptz not null default clock_timestamp(),
    active_from timestamptz not null default clock_timestamp(),
    check (to_state = 'canary' or share = 0)
);
create index model_moves_version on model_moves (version, move_id desc);
comment on table model_moves is 'rows are only added; a model is where its newest move put it, from active_from on';

-- Before a promotion every process of the API loads the model and says so.
create table model_wishes (
    version  text primary key references models (version),
    asked_by text not null,
    asked_at timestamptz not null default clock_timestamp(),
    until    timestamptz not null
);
create table api_processes (
    process text primary key,
    seen_at timestamptz not null
);
create table model_readiness (
    process text not null references api_processes (process) on delete cascade,
    version text not null,
    refused text,
    told_at timestamptz not null default clock_timestamp(),
    primary key (process, version)
);
comment on column model_readiness.refused is 'why this process cannot serve the model; null when it can';

-- What the models that did not decide say of a payment, computed after its reply.
create table shadow_scores (
    decision_id   text not null,
    model_version text not null,
    probability   double precision not null check (probability between 0 and 1),
    verdict       text not null check (verdict in ('approve', 'review', 'challenge', 'decline')),
    scored_at     timestamptz not null default clock_timestamp(),
    primary key (decision_id, model_version)
);
create index shadow_scores_scored_at on shadow_scores (scored_at);

-- What the learner did in each round, and what it set aside and why.
create table learning_rounds (
    round_id    bigint generated always as identity primary key,
    began_at    timestamptz not null,
    ended_at    timestamptz not null default clock_timestamp(),
    trigger     text not null,
    labels      integer not null,
    verdict     text not null,
    why         text not null,
    candidate   text references models (version),
    compute_s   double precision not null,
    details     jsonb not null default '{}'
);
create index learning_rounds_ended_at on learning_rounds (ended_at);
comment on column learning_rounds.verdict is
    'idle, refused (nothing could be trained), rejected (by the gate), shadow, canary, promoted, rolled_back';

create table drift_checks (
    check_id      bigint generated always as identity primary key,
    checked_at    timestamptz not null default clock_timestamp(),
    model_version text not null,
    subject       text not null,
    psi           double precision,
    ks            double precision,
    missing_rise  double precision,
    out_of_range  double precision,
    rows          integer not null,
    alarm         text
);
create index drift_checks_checked_at on drift_checks (checked_at);
comment on column drift_checks.subject is 'a feature''s name, or `score`';
comment on column drift_checks.alarm is 'what is wrong in plain words; null when nothing is';

create index labels_labelled_at on labels (labelled_at);

grant select on models, model_files, model_moves, model_wishes to faregate_api;
grant select, insert, update, delete on api_processes, model_readiness to faregate_api;
grant select, insert on shadow_scores to faregate_api;
grant select on drift_checks to faregate_api;
grant select, insert on models, model_files, model_moves, learning_rounds, drift_checks, shadow_scores to faregate_learner;
grant select, insert, update, delete on model_wishes to faregate_learner;
grant select on api_processes, model_readiness to faregate_learner;
grant select on models, model_files, model_moves, learning_rounds, drift_checks, shadow_scores, api_processes, model_readiness
    to faregate_console;
grant select (decision_id, model_version, scored_at), delete on shadow_scores to faregate_keeper;
grant select (checked_at, check_id), delete on drift_checks to faregate_keeper;
