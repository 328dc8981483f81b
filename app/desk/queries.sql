-- name: person_now
-- The role as it is now, for every write.
select person_id, name, role from people where person_id = %(person_id)s and disabled_at is null

-- name: write_down
insert into audit_trail (person_id, role, action, subject, details, action_key)
values (%(person_id)s, %(role)s, %(action)s, %(subject)s, %(details)s, %(key)s)
on conflict (action_key) do nothing
returning audit_id

-- name: case_state
select decision_id, revision, assignee, claimed_until, snoozed_until, escalated_at, closed_at, closed_by,
       resolution, fraud_type
from alerts where decision_id = %(decision_id)s

-- name: take_case
-- One person at a time has a case in hand; the others wait for the end of the transaction.
select decision_id, revision, assignee, claimed_until, snoozed_until, escalated_at, closed_at, closed_by,
       resolution, fraud_type, decided_at, clock_timestamp() as now
from alerts where decision_id = %(decision_id)s
for update

-- name: subject_of_key
-- What the click with this key was counted for.
select subject from audit_trail where action_key = %(key)s

-- name: move_case
update alerts set
    assignee = %(assignee)s, claimed_until = %(claimed_until)s, snoozed_until = %(snoozed_until)s,
    escalated_at = %(escalated_at)s, revision = revision + 1
where decision_id = %(decision_id)s

-- name: reopen_case
update alerts set
    closed_at = null, closed_by = null, resolution = null, fraud_type = null, revision = revision + 1
where decision_id = %(decision_id)s

-- name: add_label
insert into labels (label_id, decision_id, decided_at, label, fraud_type, labelled_by, why)
values (
    %(label_id)s, %(decision_id)s, %(decided_at)s, %(label)s, %(fraud_type)s, %(labelled_by)s, %(why)s
)

-- name: newest_word
-- The word that holds on a decision.
select label_id, labelled_by, labelled_at from labels where decision_id = %(decision_id)s
order by labelled_at desc, label_id desc limit 1

-- name: charged_back
-- A row if a case's payment was a fraud, whatever anybody says.
select true from outcomes join alerts using (transaction_id)
where alerts.decision_id = %(decision_id)s and outcome = 'chargeback' limit 1

-- name: newest_deed
-- Who changed a case last.
select person_id, action, at from audit_trail
where subject = %(decision_id)s and action like 'case.%%'
order by audit_id desc limit 1

-- name: deed_of_others_since
-- Whether somebody else changed a case after a deed.
select person_id, action, at from audit_trail
where subject = %(decision_id)s and action like 'case.%%' and audit_id > %(audit_id)s and person_id <> %(person_id)s
order by audit_id desc limit 1

-- name: undoable
-- A person's newest deed on a case that was not undone yet.
select audit_id, action, details from audit_trail as deed
where subject = %(decision_id)s and person_id = %(person_id)s
    and action in ('case.claim', 'case.release', 'case.snooze', 'case.escalate', 'case.decide')
    and at > clock_timestamp() - %(minutes)s * interval '1 minute'
    and not exists (
        select from audit_trail as undo
        where undo.subject = deed.subject and undo.action = 'case.undo'
            and (undo.details ->> 'undoes')::bigint = deed.audit_id
    )
order by audit_id desc limit 1

-- name: name_of
select name from people where person_id = %(person_id)s

-- name: told_of
-- What was done to one thing.
select audit_id, at, person_id, role, action, subject, details from audit_trail
where subject = %(subject)s order by audit_id desc limit %(most)s

-- name: newest_told
-- The trail from its end, of one person or one action where given.
select audit_id, at, person_id, role, action, subject, details from audit_trail
where (%(person_id)s::text is null or person_id = %(person_id)s)
  and (%(action)s::text is null or action = %(action)s)
  and (%(before_id)s::bigint is null or audit_id < %(before_id)s)
order by audit_id desc limit %(most)s

-- name: add_person
insert into people (person_id, name, role, email, password)
values (%(person_id)s, %(name)s, %(role)s, %(email)s, %(password)s)
on conflict (person_id) do nothing
returning person_id

-- name: everybody
-- The people, with how they sign in and when they last did.
select person_id, name, role, email,
       case when email is not null then 'email' when password is not null then 'password' else '' end as signs_in,
       created_at, disabled_at,
       (
           select max(at) from audit_trail
           where audit_trail.subject = people.person_id and action = 'person.sign_in'
       ) as signed_in_at
from people order by person_id

-- name: set_role
update people set role = %(role)s where person_id = %(person_id)s returning person_id

-- name: set_password
update people set password = %(password)s where person_id = %(person_id)s returning person_id

-- name: disable
update people set disabled_at = coalesce(disabled_at, clock_timestamp()) where person_id = %(person_id)s
returning person_id

-- name: end_sessions
delete from console_sessions where person_id = %(person_id)s

-- name: password_of
select password from people where person_id = %(person_id)s and disabled_at is null

-- name: forget_old_sessions
delete from console_sessions where expires_at < clock_timestamp()

-- name: open_session
insert into console_sessions (token_hash, person_id, expires_at)
values (%(token_hash)s, %(person_id)s, clock_timestamp() + %(hours)s * interval '1 hour')

-- name: person_of_session
-- Who holds a token, with the role as it is now.
select person_id, name, role from console_sessions join people using (person_id)
where token_hash = %(token_hash)s and expires_at > clock_timestamp() and disabled_at is null

-- name: person_of_email
select person_id, name, role from people where email = %(email)s and disabled_at is null

-- name: close_session
delete from console_sessions where token_hash = %(token_hash)s

-- name: deed_of_key
-- What the click with this key did.
select subject, details from audit_trail where action_key = %(key)s

-- name: ring_riders
-- Who belongs to a ring, as of now.
select user_id from ring_members where ring_id = %(ring_id)s order by user_id

-- name: open_cases_of
-- Open cases of some riders, always in one order.
select decision_id from alerts where user_id = any(%(user_ids)s) and closed_at is null order by decision_id

-- name: shared_by
-- Cards and devices that connect some riders: of two or more, and not of so many that they are a hub.
select entity_id
from (select distinct kind, entity_id from links where user_id = any(%(user_ids)s)) as theirs
cross join lateral (
    select count(*) as users from (
        select from links
        where links.kind = theirs.kind and links.entity_id = theirs.entity_id
        limit %(hub_over)s + 1
    ) as counted
) as used
where users between 2 and %(hub_over)s
order by kind, entity_id

-- name: clock
-- The instant by the database's clock.
select clock_timestamp()

-- name: lock_dead_letter
-- One sender at a time for a message that could not be read.
select pg_advisory_xact_lock(hashtextextended('faregate dead letter ' || %(source)s, 0))
