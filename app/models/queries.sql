-- name: placements
-- Where each model stands now, and where it will from an instant that was agreed on; oldest move first.
with newest as (
    select distinct on (version) version, move_id
    from model_moves
    where active_from <= clock_timestamp()
    order by version, move_id desc
)
select
    version, to_state as state, share, (extract(epoch from active_from) * 1000)::bigint as active_from_ms
from model_moves left join newest using (version, move_id)
where newest.move_id is not null and to_state in ('shadow', 'canary', 'champion')
   or active_from > clock_timestamp()
order by move_id

-- name: wishes
-- Models that every process shall have ready.
select version, (extract(epoch from asked_at) * 1000)::bigint as asked_at_ms
from model_wishes where until > clock_timestamp()

-- name: clock
-- The server's clock, by which instants are agreed on.
select (extract(epoch from clock_timestamp()) * 1000)::bigint as now_ms

-- name: artefact
-- A model's signature and its seal.
select signature, seal from models where version = %(version)s

-- name: artefact_files
-- All other files of a model.
select name, content from model_files where version = %(version)s

-- name: tell_alive
-- This process takes payments.
insert into api_processes (process, seen_at) values (%(process)s, clock_timestamp())
on conflict (process) do update set seen_at = excluded.seen_at

-- name: tell_ready
-- What this process can serve, or why not; a refusal is no answer to a wish that it had not seen.
insert into model_readiness (process, version, refused)
select %(process)s, version, refused from unnest(%(versions)s::text[], %(refusals)s::text[]) as told (version, refused)
where refused is null or not exists (
    select from model_wishes
    where model_wishes.version = told.version and asked_at > to_timestamp(%(looked_at_ms)s / 1000.0)
)
on conflict (process, version) do update set refused = excluded.refused, told_at = clock_timestamp()

-- name: tell_unloaded
-- Models that this process does not hold any more.
delete from model_readiness where process = %(process)s and version <> all (%(versions)s::text[])

-- name: forget_process
-- This process ends.
delete from api_processes where process = %(process)s

-- name: forget_the_dead
-- Processes that have said nothing for a minute.
delete from api_processes where seen_at < clock_timestamp() - interval '1 minute'

-- name: record_shadow_scores
-- What the models that did not decide say; twice the same changes nothing.
insert into shadow_scores (decision_id, model_version, probability, verdict)
select * from unnest(%(decisions)s::text[], %(models)s::text[], %(probabilities)s::float8[], %(verdicts)s::text[])
on conflict do nothing

-- name: newest_drift
-- What the newest check says, if it was of the champion.
select subject, psi, alarm is not null as alarmed
from drift_checks
where model_version = %(version)s and checked_at = (select max(checked_at) from drift_checks)
