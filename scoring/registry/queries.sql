-- name: lock
-- One mover at a time.
select pg_advisory_xact_lock(hashtextextended('faregate models', 0))

-- name: notify
-- Whoever follows the registry looks again.
select pg_notify(%(channel)s, %(version)s)

-- name: register
-- Keep a model, unless its version is known: the same version is the same model.
insert into models (
    version, kind, base_version, signature, seal, data_from, data_until, code_version, metrics, report, registered_by
) values (
    %(version)s, %(kind)s, %(base_version)s, %(signature)b, %(seal)b, %(data_from)s, %(data_until)s,
    %(code_version)s, %(metrics)s::jsonb, %(report)s, %(by)s
)
on conflict (version) do nothing
returning version

-- name: keep_file
insert into model_files (version, name, content) values (%(version)s, %(name)s, %(content)b)

-- name: models
-- Every model where its newest move put it, the newest first.
select
    models.version, kind, base_version, newest.to_state as state, newest.share,
    (extract(epoch from newest.active_from) * 1000)::bigint as active_from_ms,
    data_from, data_until, code_version, metrics, registered_at, registered_by
from models
cross join lateral (
    select to_state, share, active_from from model_moves
    where version = models.version
    order by move_id desc limit 1
) as newest
order by registered_at desc, models.version

-- name: moves
-- Of one model or of all, the newest first.
select version, from_state, to_state, share, moved_by, why, moved_at, active_from from model_moves
where version = %(version)s or %(version)s::text is null
order by move_id desc

-- name: promoted
-- Who became champion, in that order.
select version from model_moves where to_state = 'champion' order by move_id

-- name: artefact
select signature, seal from models where version = %(version)s

-- name: report
select report from models where version = %(version)s

-- name: files
select name, content from model_files where version = %(version)s

-- name: instant
-- So many seconds from now, by the clock of all who follow the registry.
select clock_timestamp() + %(delay_s)s * interval '1 second' as instant

-- name: move
-- Never before the model's last move is active, unless a clock that ran ahead put that far into the future.
insert into model_moves (version, from_state, to_state, share, moved_by, why, active_from)
select %(version)s, %(from_state)s, %(to_state)s, %(share)s, %(by)s, %(why)s, greatest(
    %(active_from)s,
    (select max(active_from) from model_moves
     where version = %(version)s and active_from < %(active_from)s + interval '1 minute')
)

-- name: wish
-- Every process of the API shall have this model ready; who wishes it again waits for newer answers.
insert into model_wishes (version, asked_by, asked_at, until)
values (%(version)s, %(by)s, clock_timestamp(), clock_timestamp() + %(wait_s)s * interval '1 second')
on conflict (version) do update
set asked_by = excluded.asked_by, asked_at = excluded.asked_at, until = excluded.until
returning asked_at

-- name: withdraw
-- The wish of this asking, if nobody has wished again since; and those whose askers were killed long ago.
delete from model_wishes
where (version = %(version)s and asked_at = %(asked_at)s) or until < clock_timestamp() - interval '1 minute'

-- name: readiness
-- What each living process has said of a model since it was asked.
select api_processes.process, readiness.process is not null as told, readiness.refused
from api_processes
left join model_readiness as readiness
    on readiness.process = api_processes.process and version = %(version)s and told_at >= %(asked_at)s
where seen_at > clock_timestamp() - %(alive_s)s * interval '1 second'
order by api_processes.process

-- name: decided
-- The newest decisions of two models since an instant, at most so many of each.
select model_version, latency_us, verdict, probability
from (
    select
        model_version, latency_us, verdict, probability,
        row_number() over (partition by model_version order by decided_at desc) as place
    from decisions
    where decided_at >= %(since)s and model_version in (%(version)s, %(champion)s)
        and probability is not null and not sandbox
) as newest
where place <= %(most)s
