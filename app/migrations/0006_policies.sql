-- Thresholds that people set: a version a change, beside those of rules and lists.

alter table policy_changes drop constraint policy_changes_kind_check;
alter table policy_changes add constraint policy_changes_kind_check check (kind in ('rules', 'lists', 'policy'));

create table policies (
    version       bigint primary key references policy_changes (version),
    review        double precision,
    challenge     double precision,
    decline       double precision,
    reviews_a_day integer check (reviews_a_day >= 0),
    evidence      jsonb not null default '{}',
    check (
        num_nulls(review, challenge, decline) = 3
        or (num_nulls(review, challenge, decline) = 0
            and 0 <= review and review <= challenge and challenge <= decline and decline <= 1)
    )
);
comment on table policies is 'the newest holds for every model; thresholds of null: each model''s own';
comment on column policies.evidence is 'what the past said of these thresholds when they were set';

grant select on policies to faregate_api, faregate_learner, faregate_console;
grant insert on policies to faregate_console;
