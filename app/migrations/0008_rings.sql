-- Riders who share cards and devices: the links as the stream told them, and the rings that they make.

create table links (
    kind          text not null check (kind in ('card', 'device')),
    entity_id     text not null,
    user_id       text not null,
    first_seen_at timestamptz not null,
    source        integer not null,
    "offset"      bigint not null,
    primary key (kind, entity_id, user_id)
);
comment on column links.source is 'domain.topics.source_number of the partition that told the link first';
create index links_user_id on links (user_id);

create table link_positions (
    source      integer primary key,
    next_offset bigint not null
);
comment on table link_positions is 'how far the links were read, kept in the transaction that adds them';

create table ring_members (
    user_id        text primary key,
    epoch          bigint not null,
    version        bigint not null,
    ring_id        text,
    size           integer not null,
    shared_cards   integer not null,
    shared_devices integer not null,
    joined_at      timestamptz not null,
    changed_at     timestamptz not null default clock_timestamp()
);
comment on column ring_members.ring_id is 'null for a rider who shares with nobody';
create index ring_members_ring_id on ring_members (ring_id, joined_at) where ring_id is not null;

alter table decisions add column ring_epoch bigint, add column ring_version bigint;

grant select, insert on links to faregate_writer;
grant select, insert, update on link_positions, ring_members to faregate_writer;
grant select, insert on outbox to faregate_writer;
grant select on links, link_positions, ring_members to faregate_console, faregate_learner;
