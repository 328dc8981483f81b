-- name: one_writer
-- Versions rise in the order of their commits, so that a reader who knows a version knows all before it.
select pg_advisory_xact_lock(hashtextextended('faregate policies', 0))

-- name: new_version
insert into policy_changes (kind, changed_by, why) values (%(kind)s, %(by)s, %(why)s) returning version

-- name: tell_policies
-- Every process that decides listens.
notify policies

-- name: newest_versions
select coalesce(max(version) filter (where kind = 'rules'), 0) as rules,
       coalesce(max(version) filter (where kind = 'lists'), 0) as lists,
       coalesce(max(version) filter (where kind = 'policy'), 0) as policy
from policy_changes

-- name: add_rule_version
insert into rules (
    rule_id, version, rulebook_version, expression, action, points, priority, mode, share, owner, expires_at, note
) values (
    %(rule_id)s, %(version)s, %(rulebook_version)s, %(expression)s, %(action)s, %(points)s, %(priority)s,
    %(mode)s, %(share)s, %(owner)s, to_timestamp(%(expires_at_ms)s::bigint / 1000.0), %(note)s
)

-- name: rulebook
-- Each rule's newest row up to a version of the rulebook.
select distinct on (rule_id)
    rule_id, version, expression, action, points, priority, mode, share, owner, note,
    round(extract(epoch from expires_at) * 1000)::bigint as expires_at_ms
from rules
where rulebook_version <= %(version)s
order by rule_id, version desc

-- name: rule_history
-- Every version of one rule, with who made it so, when and why; the newest first.
select rules.version, rulebook_version, expression, action, points, priority, mode, share, owner, note,
       round(extract(epoch from expires_at) * 1000)::bigint as expires_at_ms, changed_by, why, changed_at
from rules join policy_changes on policy_changes.version = rulebook_version
where rule_id = %(rule_id)s
order by rules.version desc
limit 100

-- name: rule_activity
-- Hits and actions of each rule in the last 24 hours.
select hit ->> 'rule_id' as rule_id, count(*) as hits, count(*) filter (where (hit ->> 'acted')::boolean) as acted
from decisions, jsonb_array_elements(rules) as hit
where rules <> '[]' and decided_at > clock_timestamp() - interval '24 hours' and not sandbox
group by hit ->> 'rule_id'

-- name: rule_failures
-- How often each rule could not be evaluated since a time.
select rule_id, count(*) as failures
from decisions, jsonb_array_elements_text(evidence -> 'failed') as rule_id
where evidence -> 'failed' <> '[]' and decided_at >= %(since)s and not sandbox
group by rule_id

-- name: hits_with_labels
-- The newest decisions that any rule hit, with what became of them; as decisions_with_labels.
select decided_at, amount_minor, verdict, rules::text as rules,
       (
           select array_agg(outcome) from outcomes
           where outcomes.transaction_id = decisions.transaction_id
       ) as outcomes,
       (
           select json_build_object(
               'label_id', label_id, 'decision_id', decision_id, 'label', label, 'labelled_by', labelled_by,
               'labelled_at_ms', round(extract(epoch from labelled_at) * 1000)::bigint
           )::text from labels
           where labels.decision_id = decisions.decision_id
           order by labelled_at desc, label_id desc limit 1
       ) as label
from decisions
where rules <> '[]' and decided_at >= %(since)s and not sandbox
order by decided_at desc
limit %(most)s

-- name: known_frauds
-- Decisions since a time that were charged back, or whose newest word of an analyst is fraud.
select count(*) as count, coalesce(sum(amount_minor), 0)::bigint as amount_minor
from decisions
where (decision_id, decided_at) in (
        select decision_id, decided_at from outcomes where outcome = 'chargeback' and decided_at >= %(since)s
        union
        select decision_id, decided_at from labels
        where label = 'fraud' and decided_at >= %(since)s and labelled_at >= %(since)s
    )
    and decided_at >= %(since)s
    and not sandbox
    and (
        exists (
            select from outcomes
            where outcomes.transaction_id = decisions.transaction_id and outcome = 'chargeback'
        )
        or (
            select label from labels where labels.decision_id = decisions.decision_id
            order by labelled_at desc, label_id desc limit 1
        ) = 'fraud'
    )

-- name: rule_lives
-- When each rule was made and last changed, by whom, and the version with which its present expression began.
select rule_id, min(changed_at) as made_at, max(changed_at) as changed_at,
       (array_agg(changed_by order by version desc))[1] as changed_by,
       max(version) filter (where expression is distinct from former) as expression_version
from (
    select rule_id, rules.version, expression, changed_at, changed_by,
           lag(expression) over (partition by rule_id order by rules.version) as former
    from rules join policy_changes on policy_changes.version = rulebook_version
) as versions
group by rule_id

-- name: author
-- Who gave a rule the effect that it has: the newest change of what it looks at or does.
select changed_by
from rules join policy_changes on policy_changes.version = rulebook_version
where rule_id = %(rule_id)s and not exists (
    select from rules as before
    where before.rule_id = rules.rule_id and before.version = rules.version - 1
      and (before.expression, before.action, before.points, before.priority)
          is not distinct from (rules.expression, rules.action, rules.points, rules.priority)
)
order by rules.version desc
limit 1

-- name: keep_back_test
insert into back_tests (back_test_id, rule_id, expression, action, since, until, decisions, result, run_by) values (
    %(back_test_id)s, %(rule_id)s, %(expression)s, %(action)s, %(since)s, %(until)s, %(decisions)s, %(result)s,
    %(run_by)s
) returning run_at

-- name: back_tests
-- The newest of one rule, or one by its id.
select back_test_id, rule_id, expression, action, since, until, result, run_by, run_at
from back_tests
where rule_id = %(rule_id)s or back_test_id = %(back_test_id)s
order by run_at desc, back_test_id
limit %(most)s

-- name: propose
insert into rule_proposals (proposal_id, rule_id, rule_version, share, back_test_id, proposed_by, why) values (
    %(proposal_id)s, %(rule_id)s, %(rule_version)s, %(share)s, %(back_test_id)s, %(proposed_by)s, %(why)s
)

-- name: answer
update rule_proposals
set answered_by = %(by)s, answered_at = clock_timestamp(), approved = %(approved)s, answer_why = %(why)s
where proposal_id = %(proposal_id)s and approved is null

-- name: proposals
-- The newest of one rule, or one by its id; `holds` while the rule is as it was proposed.
select proposal_id, rule_id, rule_version, share, back_test_id, proposed_by, why, proposed_at,
       answered_by, answered_at, approved, answer_why,
       rule_version = (select max(version) from rules where rules.rule_id = rule_proposals.rule_id) as holds
from rule_proposals
where rule_id = %(rule_id)s or proposal_id = %(proposal_id)s
order by proposed_at desc, proposal_id
limit %(most)s

-- name: proposals_waiting
-- Those that somebody may answer, the oldest first.
select proposal_id, rule_id, rule_version, share, back_test_id, proposed_by, why, proposed_at,
       answered_by, answered_at, approved, answer_why, true as holds
from rule_proposals
where approved is null
  and rule_version = (select max(version) from rules where rules.rule_id = rule_proposals.rule_id)
order by proposed_at, proposal_id
limit 1000

-- name: add_entry
insert into list_entries (entry_id, list, field, value, expires_at, added_version) values (
    %(entry_id)s, %(list)s, %(field)s, %(value)s, to_timestamp(%(expires_at_ms)s::bigint / 1000.0), %(version)s
)

-- name: end_entry
update list_entries set removed_version = %(version)s where entry_id = %(entry_id)s and removed_version is null
returning entry_id

-- name: end_equal_entry
-- What a new entry of the same list and value takes the place of.
update list_entries set removed_version = %(version)s
where list = %(list)s and field = %(field)s and value = %(value)s and removed_version is null

-- name: count_entries
select count(*) from list_entries
where removed_version is null and (expires_at is null or expires_at > clock_timestamp())

-- name: lists
-- The entries of a version of the lists, expired ones included.
select entry_id, list, field, value, round(extract(epoch from expires_at) * 1000)::bigint as expires_at_ms
from list_entries
where added_version <= %(version)s and (removed_version is null or removed_version > %(version)s)
order by added_version

-- name: lists_in_force
-- As lists, without what expired already.
select entry_id, list, field, value, round(extract(epoch from expires_at) * 1000)::bigint as expires_at_ms
from list_entries
where added_version <= %(version)s and (removed_version is null or removed_version > %(version)s)
  and (expires_at is null or expires_at > clock_timestamp())
order by added_version

-- name: list_changes
-- What came and went between two versions of the lists.
select entry_id, list, field, value, round(extract(epoch from expires_at) * 1000)::bigint as expires_at_ms,
       coalesce(removed_version <= %(version)s, false) as removed
from list_entries
where (added_version > %(known)s and added_version <= %(version)s)
   or (removed_version > %(known)s and removed_version <= %(version)s)
order by added_version

-- name: entries
-- Entries for people, the newest first; those of one list or value where given, removed ones where asked for.
select entry_id, list, field, value, expires_at, changed_at as added_at, changed_by, why,
       removed_version is not null as removed
from list_entries join policy_changes on version = added_version
where (%(list)s::text is null or list = %(list)s)
  and (%(value)s::text is null or value = %(value)s or entry_id = %(value)s)
  and (%(with_removed)s or removed_version is null)
order by added_version desc
limit %(limit)s

-- name: decisions_with_labels
-- Decisions of a period with what became of them: all outcomes, and the newest word of an analyst; newest first.
select decision_id, as_of_ms, rung, probability, vector, request, verdict, amount_minor, decided_at,
       rules::text as rules,
       (
           select array_agg(outcome) from outcomes
           where outcomes.transaction_id = decisions.transaction_id
       ) as outcomes,
       (
           select json_build_object(
               'label_id', label_id, 'decision_id', decision_id, 'label', label, 'labelled_by', labelled_by,
               'labelled_at_ms', round(extract(epoch from labelled_at) * 1000)::bigint
           )::text from labels
           where labels.decision_id = decisions.decision_id
           order by labelled_at desc, label_id desc limit 1
       ) as label
from decisions
where decided_at >= %(since)s and decided_at < %(until)s and not sandbox
order by decided_at desc
limit %(most)s

-- name: newest_decisions
-- What the rules saw in the newest decisions.
select as_of_ms, rung, probability, vector, request
from decisions
where not sandbox
order by decided_at desc
limit %(most)s

-- name: count_decisions
-- At most so many, that a long ledger is not counted through.
select count(*) from (
    select from decisions
    where decided_at >= %(since)s and decided_at < %(until)s and not sandbox
    limit %(most)s
) as counted
