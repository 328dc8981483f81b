-- name: newest_scored
-- The newest payments of the last day that one model decided, with the vector that it read.
select vector, probability
from decisions
where decided_at > clock_timestamp() - interval '1 day'
  and model_version = %(version)s and not sandbox
  and probability is not null and octet_length(vector) = %(width)s
order by decided_at desc
limit %(most)s

-- name: record_findings
-- One check of one model: a row a subject, all of the same instant.
insert into drift_checks
    (checked_at, model_version, subject, psi, ks, missing_rise, out_of_range, rows, alarm)
select statement_timestamp(), %(version)s, found.*
from unnest(
    %(subject)s::text[], %(psi)s::double precision[], %(ks)s::double precision[],
    %(missing_rise)s::double precision[], %(out_of_range)s::double precision[], %(rows)s::integer[],
    %(alarm)s::text[]
) as found
