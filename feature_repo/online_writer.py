"""Writes the features topics into the online store: batches coalesced to the newest row of each entity."""

import logging
import threading
from collections.abc import Callable, Iterable
from typing import Protocol

import msgspec
import psycopg
from confluent_kafka import Message

from domain.display import count
from domain.errors import Retryable
from domain.feature_message import HistoryMessage, WatermarkMessage, decode_message
from domain.online_store import VIEW_OF_KIND, WATERMARK_ENTITY, WATERMARK_VIEW, encode_watermark
from feature_repo.features_consumer import WITH_WATERMARKS
from feature_repo.low_watermark import LowWatermark
from feature_repo.online_rows import UPSERT, Row, newest, upsert_parameters

log = logging.getLogger(__name__)
RETRY_EVERY_S = 0.5
RETRIES = 120


class OnlineStoreUnavailable(Retryable):
    """PostgreSQL stayed away for a minute."""

    def __init__(self, problem: Exception) -> None:
        super().__init__(
            f"the online store cannot be written ({str(problem).strip()}): is PostgreSQL up? "
            "`faregate status` shows it; nothing is lost, the topics keep it"
        )


class Writes(Protocol):
    def __call__(self, rows: list[Row]) -> None: ...


class OnlineWriter:
    """One batch at a time: the histories and, with them, the watermark that covers them."""

    def __init__(self, write: Writes) -> None:
        self._write = write
        self._watermark = LowWatermark(WITH_WATERMARKS)
        self._written_ms = 0
        self.rows_written = 0
        self.refused = 0

    def take(self, messages: Iterable[Message]) -> None:
        rows = newest(row for message in messages if (row := self._row(message)))
        watermark_ms = self._watermark.value_ms()
        if watermark_ms is not None and watermark_ms > self._written_ms:
            rows.append(watermark_row(watermark_ms))
        if not rows:
            return
        self._write(rows)
        self.rows_written += len(rows)
        if watermark_ms is not None:
            self._written_ms = max(self._written_ms, watermark_ms)

    def _row(self, message: Message) -> Row | None:
        try:
            decoded = decode_message(message.value())
        except msgspec.DecodeError as problem:
            self._refuse(message, str(problem))
            return None
        if isinstance(decoded, WatermarkMessage):
            self._watermark.hear((message.topic(), message.partition()), decoded)
        elif decoded.kind in VIEW_OF_KIND:
            return history_row(decoded)
        else:
            self._refuse(message, f"unknown kind {decoded.kind!r}")
        return None

    def _refuse(self, message: Message, reason: str) -> None:
        self.refused += 1
        place = f"{message.topic()}-{message.partition()} at {message.offset()}"
        log.warning("left out message %s: %s (%s so far)", place, reason, count(self.refused))


def history_row(message: HistoryMessage) -> Row:
    return Row(
        view=VIEW_OF_KIND[message.kind],
        entity_id=message.entity_id,
        epoch=message.epoch,
        version=message.version,
        known_at_us=message.known_at_ms * 1000,
        payload=message.payload,
    )


def watermark_row(low_watermark_ms: int) -> Row:
    """Versioned by its own time, as Feast versions a view that has no version."""
    return Row(
        view=WATERMARK_VIEW,
        entity_id=WATERMARK_ENTITY,
        epoch=0,
        version=low_watermark_ms * 1000,
        known_at_us=low_watermark_ms * 1000,
        payload=encode_watermark(low_watermark_ms),
    )


class PostgresWrites:
    """One statement a batch; waits out a PostgreSQL that is away, up to a minute."""

    def __init__(self, connect: Callable[[], psycopg.Connection], stop: threading.Event) -> None:
        self._connect = connect
        self._stop = stop
        self._connection: psycopg.Connection | None = None

    def __call__(self, rows: list[Row]) -> None:
        parameters = upsert_parameters(rows)
        for attempt in range(RETRIES):
            try:
                self._connected().execute(UPSERT, parameters)
            except psycopg.OperationalError as problem:
                self._give_up_or_wait(attempt, problem)
            else:
                return

    def close(self) -> None:
        if self._connection:
            self._connection.close()
            self._connection = None

    def _connected(self) -> psycopg.Connection:
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    def _give_up_or_wait(self, attempt: int, problem: psycopg.OperationalError) -> None:
        self.close()
        if attempt == 0:
            log.warning("online store: %s; trying again", str(problem).strip())
        if attempt == RETRIES - 1 or self._stop.wait(RETRY_EVERY_S):
            raise OnlineStoreUnavailable(problem) from problem
