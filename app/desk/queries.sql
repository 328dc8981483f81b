-- name: person_now
-- The role as it is now, for every write.
select person_id, name, role from people where person_id = %(person_id)s and disabled_at is null

-- name: write_down
insert into audit_trail (person_id, role, action, subject, details, action_key)
values (%(person_id)s, %(role)s, %(action)s, %(subject)s, %(details)s, %(key)s)
on conflict (action_key) do nothing
returning audit_id
