"""Messages that could not be read, mended and sent again: once each, by an admin, into the same topic."""

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from app.card_numbers import holds_card_number
from app.desk import audit
from app.desk.desk import Connection, Deed, Desk, query, write_down
from app.desk.errors import DeskRefused
from app.desk.people import Person, Role
from domain.errors import EventRefused, Retryable
from domain.events import Event, Heartbeat, decode_event
from domain.topics import BY_NAME, SOURCES

ACTION = "dead_letter.resend"
Check = Callable[[Event, str], None]


class StreamUnavailable(Retryable):
    """Kafka does not answer; nothing was sent."""


class Place(Struct, frozen=True, kw_only=True):
    """Where a message stands in Kafka."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"


class Record(Struct, frozen=True, kw_only=True):
    """A message as Kafka keeps it."""

    key: bytes | None
    value: bytes | None
    time_ms: int


class Stream(Protocol):
    """Every method raises StreamUnavailable."""

    def read(self, place: Place) -> Record | None:
        """None where the topic keeps nothing any more."""

    def send(self, topic: str, record: Record) -> Place:
        """Returns once every in-sync replica holds it."""


class Resent(Struct, frozen=True, kw_only=True):
    source: Place
    sent_to: Place
    by: str


class DeadLetterDesk:
    """`check` raises EventRefused for an event that does not belong into a topic."""

    def __init__(self, desk: Desk, stream: Stream, check: Check) -> None:
        self._desk = desk
        self._stream = stream
        self._check = check

    def resend(self, source: Place, text: str, *, person_id: str, key: str) -> Resent:
        """Send `text` with the key and time of the message at `source`; the same click again sends nothing.

        The old time lets the histories take an event that is late by now. Raises NotAllowed, DeskRefused,
        DeskUnavailable and StreamUnavailable; nothing was sent then.
        """
        with self._desk.writing(person_id, Role.ADMIN) as (connection, person):
            connection.execute(query("lock_dead_letter"), {"source": str(source)})
            before = self._sent_before(connection, source, key)
            if before:
                return before
            record = self._record(source)
            body = text.encode()
            self._require_readable(body, source.topic, record.time_ms)
            sent_to = self._stream.send(
                source.topic, Record(key=record.key, value=body, time_ms=record.time_ms)
            )
            _write_down(connection, person, source, sent_to, changed=body != record.value, key=key)
            return Resent(source=source, sent_to=sent_to, by=person.person_id)

    def _sent_before(self, connection: Connection, source: Place, key: str) -> Resent | None:
        """What the same click did; raises DeskRefused where another click was faster."""
        told = [deed for deed in audit.told_of(connection, str(source)) if deed.action == ACTION]
        if not told:
            return None
        sent_to = Place(**told[0].details["sent_to"])
        if told[0].details.get("click") != key:
            raise DeskRefused(
                f"{told[0].person_id} sent this message again at {told[0].at:%Y-%m-%d %H:%M} UTC: it stands "
                f"at {sent_to}. If that one cannot be read either, it is a dead letter of its own."
            )
        return Resent(source=source, sent_to=sent_to, by=told[0].person_id)

    def _record(self, source: Place) -> Record:
        if source.topic not in {topic.name for topic in SOURCES}:
            raise DeskRefused(f"{source.topic} takes no events from here: only the topics of sources do.")
        if not 0 <= source.partition < BY_NAME[source.topic].partitions:
            raise DeskRefused(f"{source.topic} has no partition {source.partition}.")
        record = self._stream.read(source)
        if record is None:
            raise DeskRefused(
                f"Kafka keeps nothing at {source} any more, so its key is lost: it cannot be sent."
            )
        return record

    def _require_readable(self, body: bytes, topic: str, time_ms: int) -> None:
        if holds_card_number(body.decode(errors="replace")):
            raise DeskRefused("This text holds what looks like a card number, and none may enter: remove it.")
        try:
            event = decode_event(body, time_ms)
            self._check(event, topic)
        except EventRefused as refused:
            raise DeskRefused(f"It still cannot be read ({refused}): mend it, then send it.") from refused
        if isinstance(event, Heartbeat):
            raise DeskRefused("A heartbeat is of its moment only: the relay sends new ones by itself.")


def _write_down(
    connection: Connection, person: Person, source: Place, sent_to: Place, *, changed: bool, key: str
) -> None:
    details = {
        "sent_to": {"topic": sent_to.topic, "partition": sent_to.partition, "offset": sent_to.offset},
        "changed": changed,
        "click": key,
    }
    write_down(connection, person, Deed(action=ACTION, subject=str(source), details=details, key=key))
