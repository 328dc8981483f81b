-- name: policy_in_force
-- The newest up to a version of the policies; none where nobody ever set one.
select version, review, challenge, decline, reviews_a_day
from policies
where version <= %(version)s
order by version desc
limit 1

-- name: policy_of_version
-- That one, whatever came after it.
select version, review, challenge, decline, reviews_a_day from policies where version = %(version)s

-- name: add_policy
insert into policies (version, review, challenge, decline, reviews_a_day, evidence)
values (%(version)s, %(review)s, %(challenge)s, %(decline)s, %(reviews_a_day)s, %(evidence)s)

-- name: policy_history
-- Each with who set it, when, why, and what the past said of it then; the newest first.
select version, review, challenge, decline, reviews_a_day, evidence, changed_by, why, changed_at
from policies join policy_changes using (version)
order by version desc
limit %(most)s

-- name: version_of_click
-- The version that one click has made already.
select (details ->> 'version')::bigint from audit_trail where action_key = %(key)s
