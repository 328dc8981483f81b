-- name: recent
-- The last minute of the run: decisions, a second, times of decision and feature ages.
select count(*)                                                               as decisions,
       count(*) filter (where decided_at > clock_timestamp() - interval '10 seconds') / 10.0 as per_second,
       coalesce(percentile_disc(0.50) within group (order by latency_us), 0) / 1000.0 as p50_ms,
       coalesce(percentile_disc(0.99) within group (order by latency_us), 0) / 1000.0 as p99_ms,
       percentile_disc(0.99) within group (order by feature_age_ms)           as age_ms,
       coalesce(avg((rung = 'R0')::int), 0)::float                            as r0_share
from decisions
where not sandbox and decided_at > greatest(%(since)s, clock_timestamp() - interval '60 seconds');

-- name: last_stopped
-- The newest payments of the run that were not let through, with their reasons.
select transaction_id, decided_at, verdict, score, amount_minor, currency, user_id, card_id, reasons
from decisions
where not sandbox and decided_at >= %(since)s and verdict in ('challenge', 'decline')
order by decided_at desc
limit 20;

-- name: ledger
-- Every decision of the run, for the audit at its end.
select transaction_id, verdict, rung, feature_age_ms
from decisions
where not sandbox and decided_at >= %(since)s;

-- name: unsent
-- Outbox rows that the relay has yet to carry to Kafka.
select count(*) from outbox where sent_at is null;

-- name: decided_since
-- What each payment since an instant was decided by, and on what.
select model_version, probability, vector, reply
from decisions
where decided_at >= to_timestamp(%(since)s) and not sandbox
