"""What the builder of rings keeps in PostgreSQL: links, rows of riders, places, and the outbox."""

from collections.abc import Sequence
from typing import Any, cast

import psycopg

from domain.feature_message import HistoryMessage, encode_message
from domain.links import Link, LinkKind
from domain.ring import Ring, encode_ring
from domain.topics import FEATURES_RING
from feature_repo.queries import queries_of
from feature_repo.rings.values import Change, Known, KnownLink, Member, Reached, RebuiltMeanwhile

KIND = "ring"
query = queries_of("feature_repo.rings")


class PostgresRings:
    """On one connection that commits each statement by itself."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def has_turn(self) -> bool:
        """Whether nobody else builds rings, from now until the connection is closed."""
        return bool(self._connection.execute(query("wait_for_turn")).fetchall()[0][0])

    def load(self) -> Known:
        with self._connection.transaction():
            self._alone()
            return Known(
                epoch=self._epoch(),
                links=tuple(map(_link, self._rows("links"))),
                members=tuple(map(_member, self._rows("members"))),
                reached={
                    source: Reached(next_offset=next_offset, read_until_ms=until_ms)
                    for source, next_offset, until_ms in self._rows("reached")
                },
            )

    def keep(self, change: Change) -> None:
        with self._connection.transaction():
            self._alone()
            if self._epoch() != change.epoch:
                raise RebuiltMeanwhile(f"rings of epoch {change.epoch} are no longer wanted")
            if change.links:
                self._connection.execute(query("keep_links"), _columns(map(_link_row, change.links)))
            if change.members:
                self._connection.execute(query("keep_members"), _columns(map(_member_row, change.members)))
                told = [(member.user_id, _message(member)) for member in change.members]
                self._connection.execute(query("send_members"), (FEATURES_RING.name, *_columns(told)))
            if change.reached:
                places = [(s, at.next_offset, at.read_until_ms) for s, at in sorted(change.reached.items())]
                self._connection.execute(query("keep_reached"), _columns(places))

    def begin_anew(self) -> int:
        """Forget everything; returns the epoch of what is built from now on."""
        with self._connection.transaction():
            self._alone()
            for name in ("forget_links", "forget_members", "forget_reached"):
                self._connection.execute(query(name))
            return int(self._connection.execute(query("begin_epoch")).fetchall()[0][0])

    def _alone(self) -> None:
        self._connection.execute(query("one_change_at_a_time"))

    def _epoch(self) -> int:
        return int(self._rows("epoch")[0][0])

    def _rows(self, name: str) -> list[tuple[Any, ...]]:
        return self._connection.cursor(binary=True).execute(query(name)).fetchall()


def _columns(rows: Any) -> tuple[list[object], ...]:
    return tuple(map(list, zip(*rows, strict=True)))


def _message(member: Member) -> bytes:
    ring = member.ring
    return encode_message(
        HistoryMessage(
            kind=KIND,
            entity_id=member.user_id,
            epoch=ring.epoch,
            version=ring.version,
            known_at_ms=ring.known_at_ms,
            payload=encode_ring(ring),
        )
    )


def _link(row: Sequence[Any]) -> KnownLink:
    kind, entity_id, user_id, at_ms, known_at_ms, source, offset = row
    link = Link((cast("LinkKind", kind), entity_id), user_id)
    return KnownLink(link=link, at_ms=at_ms, known_at_ms=known_at_ms, source=source, offset=offset)


def _link_row(known: KnownLink) -> tuple[object, ...]:
    link = known.link
    return (*link.entity, link.user_id, known.at_ms, known.known_at_ms, known.source, known.offset)


def _member(row: Sequence[Any]) -> Member:
    """Without positions: those of a row that stays are in the online store."""
    user_id, epoch, version, ring_id, size, shared_cards, shared_devices, joined_at_ms, known_at_ms = row
    ring = Ring(
        epoch=epoch,
        version=version,
        known_at_ms=known_at_ms,
        ring_id=ring_id,
        size=size,
        shared_cards=shared_cards,
        shared_devices=shared_devices,
    )
    return Member(user_id=user_id, ring=ring, joined_at_ms=joined_at_ms)


def _member_row(member: Member) -> tuple[object, ...]:
    ring = member.ring
    return (
        member.user_id, ring.epoch, ring.version, ring.ring_id, ring.size, ring.shared_cards,
        ring.shared_devices, member.joined_at_ms, ring.known_at_ms,
    )  # fmt: skip
