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
       coalesce(max(version) filter (where kind = 'lists'), 0) as lists
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
where decided_at > clock_timestamp() - interval '24 hours' and not sandbox
group by hit ->> 'rule_id'

-- name: rule_failures
-- How often each rule could not be evaluated in the last 24 hours.
select rule_id, count(*) as failures
from decisions, jsonb_array_elements_text(evidence -> 'failed') as rule_id
where decided_at > clock_timestamp() - interval '24 hours' and not sandbox
group by rule_id

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
-- Decisions of a period with what became of them: all outcomes, and the newest word of an analyst.
select decision_id, as_of_ms, rung, probability, vector, request, verdict, amount_minor, decided_at, rules,
       (
           select array_agg(outcome) from outcomes
           where outcomes.transaction_id = decisions.transaction_id
       ) as outcomes,
       (
           select jsonb_build_object(
               'label_id', label_id, 'decision_id', decision_id, 'label', label, 'labelled_by', labelled_by,
               'labelled_at_ms', round(extract(epoch from labelled_at) * 1000)::bigint
           ) from labels
           where labels.decision_id = decisions.decision_id
           order by labelled_at desc, label_id desc limit 1
       ) as label
from decisions
where decided_at >= %(since)s and decided_at < %(until)s and not sandbox
order by decided_at

-- name: count_decisions
select count(*) from decisions where decided_at >= %(since)s and decided_at < %(until)s and not sandbox
