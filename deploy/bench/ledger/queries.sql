-- name: make_partitions
select make_partitions(%(first_day)s::date, %(days)s)

-- name: close_oldest_alerts
-- Analysts' words on the oldest alerts: a third of them were honest.
insert into labels (label_id, decision_id, decided_at, label, labelled_by, labelled_at, fraud_type)
select 'lbl_' || substr(decision_id, 5), decision_id, decided_at,
       case when mod(number, 3) = 0 then 'good' else 'fraud' end, 'ana', decided_at + interval '20 minutes',
       case when mod(number, 3) = 0 then null else 'stolen_card' end
from (
    select decision_id, decided_at, row_number() over (order by decided_at) as number from alerts
) as oldest
where number <= %(most)s

-- name: raise_alert
-- A stopped payment of the past, once more as of now; `approve` gives none.
insert into decisions select (jsonb_populate_record(sample, jsonb_build_object(
    'decision_id', %(decision_id)s::text, 'transaction_id', %(transaction_id)s::text,
    'idempotency_key', %(transaction_id)s::text, 'decided_at', clock_timestamp(),
    'as_of_ms', round(extract(epoch from clock_timestamp()) * 1000)::bigint, 'xact', pg_current_xact_id()::text
))).*
from (select decisions from decisions where verdict = 'review' order by decided_at desc limit 1) as newest (sample)

-- name: count_words_of
select count(*) from labels where labelled_by = %(by)s and labelled_at > now() - %(since_s)s * interval '1 second'
