-- name: tables
-- A key's entry waits, whole, until PostgreSQL has it; then only its answer is kept. Ids grow with time.
create table keys (
    id             integer primary key,
    tenant         text not null,
    key            text not null,
    transaction_id text not null unique,
    fingerprint    blob not null,
    at_ms          integer not null,
    unique (tenant, key)
);
create table waiting (id integer primary key, reply blob not null, row blob not null);
create table answers (id integer primary key, packed blob not null);
create trigger answered after insert on answers begin delete from waiting where id = new.id; end;

-- name: readable
-- Nothing but whether every table can be read.
select (select max(id) from keys), (select max(id) from waiting), (select max(id) from answers)

-- name: place
-- Changes nothing when the key or the transaction has its place already.
insert into keys (tenant, key, transaction_id, fingerprint, at_ms) values (?, ?, ?, ?, ?)
on conflict do nothing

-- name: wait
insert into waiting (id, reply, row) values (?, ?, ?)

-- name: answer
-- The transaction makes sure that its id was not given to another meanwhile.
insert or replace into answers (packed, id) select ?, id from keys where id = ? and transaction_id = ?

-- name: replace_fingerprint
update keys set fingerprint = ?1 where id = ?2 and fingerprint <> ?1

-- name: find
select keys.id, tenant, key, transaction_id, fingerprint, at_ms, waiting.reply, waiting.row, answers.packed
from keys left join waiting using (id) left join answers using (id)
where tenant = ? and key = ?

-- name: find_transaction
select keys.id, tenant, key, transaction_id, fingerprint, at_ms, waiting.reply, waiting.row, answers.packed
from keys left join waiting using (id) left join answers using (id)
where transaction_id = ?

-- name: pending
-- Of the first so many that wait, those from before; they come in the order of their ids.
select keys.id, tenant, key, transaction_id, fingerprint, at_ms, waiting.reply, waiting.row, null
from (select * from waiting order by id limit ?) as waiting cross join keys using (id)
where at_ms < ?

-- name: count_waiting
select count(*) from (select 1 from waiting limit ?)

-- name: oldest
-- The oldest keys, and whether PostgreSQL may not have them yet.
select keys.id, at_ms, waiting.id is not null from keys left join waiting using (id)
where keys.id > ? order by keys.id limit ?

-- name: forget_answer
delete from answers where id = ?

-- name: forget_key
delete from keys where id = ?
