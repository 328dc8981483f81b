-- Riders who share cards and devices: the links as the stream told them, and the rings that they make.

create table links (
    kind          text not null check (kind in ('card', 'device')),
    entity_id     text not null,
    user_id       text not null,
    first_seen_at timestamptz not null,
    known_at      timestamptz not null,
    source        integer not null,
    "offset"      bigint not null,
    primary key (kind, entity_id, user_id)
);
comment on column links.first_seen_at is 'the least time of the events that tell it';
comment on column links.known_at is 'the least Kafka time of their records';
comment on column links.source is 'domain.topics.source_number of the partition that told the link first';
create index links_user_id on links (user_id);

create table link_positions (
    source      integer primary key,
    next_offset bigint not null,
    read_until  timestamptz not null
);
comment on table link_positions is 'how far the links were read, kept in the transaction that adds them';
comment on column link_positions.read_until is 'Kafka time of the newest record read: how old the rings are';

create table ring_members (
    user_id        text primary key,
    epoch          bigint not null,
    version        bigint not null,
    ring_id        text,
    size           integer not null,
    shared_cards   integer not null,
    shared_devices integer not null,
    joined_at      timestamptz not null,
    known_at       timestamptz not null,
    changed_at     timestamptz not null default clock_timestamp()
);
comment on column ring_members.ring_id is 'null for a rider who shares with nobody';
comment on column ring_members.joined_at is
    'since when the rider shares a card or device, by the time of events; for others when first heard of';
create index ring_members_ring_id on ring_members (ring_id, joined_at) where ring_id is not null;

create table ring_epochs (
    epoch    bigint primary key,
    began_at timestamptz not null default clock_timestamp()
);
comment on table ring_epochs is 'a row for each time that rings were begun anew from nothing; the first time has epoch 1 and no row';

alter table decisions add column ring_epoch bigint, add column ring_version bigint;

grant select, insert, delete, update (first_seen_at, known_at) on links to faregate_writer;
grant select, insert, update, delete on link_positions, ring_members to faregate_writer;
grant select, insert on ring_epochs to faregate_writer;
grant insert on outbox to faregate_writer;
grant select on links, link_positions, ring_members, ring_epochs to faregate_console, faregate_learner;
