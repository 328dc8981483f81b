"""Logs as one JSON object a line, with the ids of the decision they are about; never a body."""

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TextIO

from msgspec import Struct, json

if TYPE_CHECKING:
    from app.decide import Answer

LONGEST = 4_000  # characters of a message or a traceback
IDS = ("decision_id", "transaction_id", "tenant", "request_id")
_ids: ContextVar[dict[str, str] | None] = ContextVar("ids", default=None)
decisions = logging.getLogger("faregate.decisions")


@contextmanager
def about(**ids: str) -> Iterator[None]:
    """Everything that is logged inside names these ids, in this task and those it starts."""
    token = _ids.set({**(_ids.get() or {}), **ids})
    try:
        yield
    finally:
        _ids.reset(token)


class JsonLines(logging.Formatter):
    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "process": self._process,
            "logger": record.name,
            "message": _cut(record.getMessage()),
            **(_ids.get() or {}),
            **{name: getattr(record, name) for name in IDS if hasattr(record, name)},
            **getattr(record, "facts", {}),
        }
        if record.exc_info:
            line["traceback"] = _cut(self.formatException(record.exc_info))
        return json.encode(line, enc_hook=str).decode()


def configure(process: str, level: int = logging.INFO, stream: TextIO | None = None) -> None:
    """Once, by a process's main; warnings of Python go the same way."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines(process))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(True)


def _cut(text: str) -> str:
    """The end of a traceback says most, the beginning of a message too."""
    if len(text) <= LONGEST:
        return text
    half = LONGEST // 2
    return f"{text[:half]} … {text[-half:]}"


class _Ids(Struct, frozen=True):
    decision_id: str
    transaction_id: str


_names_in = json.Decoder(_Ids).decode


class DecisionLog:
    """A line for decisions that somebody may ask about; the ledger holds them all.

    Not for each approval: at 300 a second they would say nothing. At most `most_per_s` a second; how many
    were left out stands in the next line.
    """

    def __init__(
        self,
        *,
        most_per_s: int = 20,
        monotonic: Callable[[], float] = time.monotonic,
        log: logging.Logger = decisions,
    ) -> None:
        self._most_per_s = most_per_s
        self._monotonic = monotonic
        self._log = log
        self._second = -1
        self._told = 0
        self._left_out = 0

    def tell(self, answer: "Answer") -> None:
        """Declines, whatever was not made on the first rung, and what took longer than its deadline."""
        if answer.repeated or not (answer.verdict == "decline" or answer.rung != "R0" or answer.overran):
            return
        if not self._has_room():
            self._left_out += 1
            return
        facts = {
            "verdict": answer.verdict,
            "rung": answer.rung,
            "rung_reason": answer.rung_reason,
            "total_ms": round(answer.total_s * 1_000, 1),
            "overran": answer.overran,
            "left_out": self._left_out,
        }
        self._left_out = 0
        ids = _names_in(answer.reply)
        named = {"decision_id": ids.decision_id, "transaction_id": ids.transaction_id}
        self._log.info("decided", extra={**named, "facts": facts})

    def _has_room(self) -> bool:
        second = int(self._monotonic())
        if second != self._second:
            self._second, self._told = second, 0
        self._told += 1
        return self._told <= self._most_per_s
