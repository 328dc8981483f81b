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
-- No row comes back when the key or the transaction has its place already.
insert into keys (tenant, key, transaction_id, fingerprint, at_ms)
values (:tenant, :key, :transaction_id, :fingerprint, :at_ms)
on conflict do nothing returning id

-- name: wait
insert into waiting (id, reply, row) values (:id, :reply, :row)

-- name: answer
insert or replace into answers (id, packed) values (:id, :packed)

-- name: batch_table
-- Private to the connection, so that filling it hinders nobody.
create temporary table if not exists batch (id integer primary key, packed blob not null)

-- name: fill_batch
insert or replace into batch (id, packed) values (:id, :packed)

-- name: answer_batch
-- One statement, and so without waiting for the interpreter while others wait for this.
insert or replace into answers (id, packed) select id, packed from batch

-- name: empty_batch
delete from batch

-- name: replace_fingerprint
update keys set fingerprint = :fingerprint where id = :id and fingerprint <> :fingerprint

-- name: find
select keys.*, waiting.reply, waiting.row, answers.packed from keys
left join waiting using (id) left join answers using (id)
where tenant = :tenant and key = :key

-- name: find_transaction
select keys.*, waiting.reply, waiting.row, answers.packed from keys
left join waiting using (id) left join answers using (id)
where transaction_id = :transaction_id

-- name: pending
select keys.*, waiting.reply, waiting.row, null as packed from waiting join keys using (id)
where at_ms < :before_ms order by waiting.id limit :limit

-- name: count_waiting
select count(*) from (select 1 from waiting limit :most)

-- name: oldest
-- The oldest keys, and whether PostgreSQL may not have them yet.
select keys.id, at_ms, waiting.id is not null as waits from keys left join waiting using (id)
where keys.id > :after order by keys.id limit :limit

-- name: forget_answer
delete from answers where id = :id

-- name: forget_key
delete from keys where id = :id
