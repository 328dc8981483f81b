-- What a rule would have done, and who agreed that it may act.

create table back_tests (
    back_test_id text primary key,
    rule_id      text not null,
    expression   text not null,
    action       text not null,
    since        timestamptz not null,
    until        timestamptz not null,
    decisions    integer not null,
    result       jsonb not null,
    run_by       text not null,
    run_at       timestamptz not null default clock_timestamp()
);
create index back_tests_rule_id on back_tests (rule_id, run_at desc);

comment on column back_tests.decisions is 'how many were read';

create table rule_proposals (
    proposal_id  text primary key,
    rule_id      text not null,
    rule_version integer not null,
    share        double precision not null check (share > 0 and share <= 1),
    back_test_id text not null references back_tests (back_test_id),
    proposed_by  text not null,
    why          text not null default '',
    proposed_at  timestamptz not null default clock_timestamp(),
    answered_by  text,
    answered_at  timestamptz,
    approved     boolean,
    answer_why   text not null default '',
    foreign key (rule_id, rule_version) references rules (rule_id, version),
    check (num_nulls(answered_by, answered_at, approved) in (0, 3)),
    check (not approved or answered_by <> proposed_by)
);
create unique index rule_proposals_waiting on rule_proposals (rule_id) where approved is null;
create index rule_proposals_proposed_at on rule_proposals (proposed_at);

comment on column rule_proposals.approved is
    'false also of one that its proposer took back, or that a newer one took the place of';

-- What rules did is read from the decisions that they hit or failed on, which are few, and from the frauds.
create index decisions_with_hits on decisions (decided_at) where rules <> '[]';
create index decisions_with_failures on decisions (decided_at) where evidence -> 'failed' <> '[]';
create index outcomes_chargebacks on outcomes (decided_at) where outcome = 'chargeback';

grant select, insert on back_tests, rule_proposals to faregate_console;
grant update (answered_by, answered_at, approved, answer_why) on rule_proposals to faregate_console;
