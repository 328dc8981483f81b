"""What waits in the journal is brought to PostgreSQL once, whatever stands in the way."""

import asyncio
import logging
from types import SimpleNamespace
from typing import Any

import pytest
from fakes_journal import AT_MS, FakeJournal, an_entry
from msgspec import structs

from app.journal import drain
from app.journal.drain import SETTLED_MS, Drainer
from app.keeping import ELSEWHERE
from app.ports import JournalEntry, KeyReused, LedgerUnavailable

pytestmark = pytest.mark.anyio


class Database:
    """Takes entries as keeping does, which marks them kept: with the reply there, or as decided elsewhere."""

    def __init__(self, journal: FakeJournal) -> None:
        self._journal = journal
        self.marks = True
        self.rows: list[str] = []
        self.answers: dict[str, bytes] = {}
        self.fails: dict[str, Exception] = {}
        self.away_after: int | None = None

    async def insert(self, entry: JournalEntry) -> bytes:
        if self.away_after is not None and len(self.rows) >= self.away_after:
            raise LedgerUnavailable("gone")
        if entry.key in self.fails:
            if isinstance(self.fails[entry.key], KeyReused):
                self._mark(structs.replace(entry, fingerprint=ELSEWHERE, reply=b""))
            raise self.fails[entry.key]
        self.rows.append(entry.key)
        reply = self.answers.get(entry.key, entry.reply)
        self._mark(structs.replace(entry, reply=reply))
        return reply

    def _mark(self, entry: JournalEntry) -> None:
        if self.marks:
            self._journal.mark_kept(entry)


@pytest.fixture
def journal() -> FakeJournal:
    return FakeJournal()


@pytest.fixture
def database(journal: FakeJournal) -> Database:
    return Database(journal)


@pytest.fixture
def drainer(journal: FakeJournal, database: Database) -> Drainer:
    return Drainer(journal, database.insert, lambda: AT_MS + SETTLED_MS)


def claimed(journal: FakeJournal, count: int, **given: Any) -> list[str]:
    return [journal.claim(an_entry(**{"at_ms": AT_MS - 1, **given})).key for _ in range(count)]


async def test_all_that_waits_is_brought_in_its_order(
    journal: FakeJournal, database: Database, drainer: Drainer
) -> None:
    keys = claimed(journal, 2 * drain.BATCH + 1)
    assert await drainer.turn() == len(keys) == drainer.drained
    assert database.rows == keys
    assert journal.waiting() == 0
    assert await drainer.turn() == 0


async def test_what_is_young_is_left_to_its_own_request(journal: FakeJournal, drainer: Drainer) -> None:
    claimed(journal, 1, at_ms=AT_MS)
    assert await drainer.turn() == 0


async def test_it_stops_when_postgresql_goes_and_says_so_once(
    journal: FakeJournal, database: Database, drainer: Drainer, caplog: pytest.LogCaptureFixture
) -> None:
    claimed(journal, 5)
    database.away_after = 2
    with caplog.at_level(logging.WARNING):
        assert [await drainer.turn() for _ in range(3)] == [2, 0, 0]
    assert caplog.text.count("entries wait") == 1
    database.away_after = None
    assert await drainer.turn() == 3


async def test_the_reply_of_postgresql_is_the_one_that_counts(
    journal: FakeJournal, database: Database, drainer: Drainer
) -> None:
    [key] = claimed(journal, 1)
    database.answers[key] = b"decided elsewhere"
    await drainer.turn()
    found = journal.find("local", key)
    assert found is not None
    assert found.reply == b"decided elsewhere"


async def test_a_key_decided_elsewhere_with_another_request_is_counted_and_done(
    journal: FakeJournal, database: Database, drainer: Drainer, caplog: pytest.LogCaptureFixture
) -> None:
    first, _ = claimed(journal, 2)
    database.fails[first] = KeyReused("another body")
    assert await drainer.turn() == 1
    assert (drainer.conflicts, journal.waiting()) == (1, 0)
    found = journal.find("local", first)
    assert found is not None
    assert (found.fingerprint, found.reply) == (ELSEWHERE, b""), "what was answered here counts no more"
    assert "otherwise in PostgreSQL" in caplog.text


async def test_a_row_that_is_not_taken_does_not_hold_up_the_others(
    journal: FakeJournal, database: Database, drainer: Drainer
) -> None:
    first, *others = claimed(journal, drain.BATCH + 2)
    database.fails[first] = TypeError("no such column")
    assert await drainer.turn() == len(others)
    assert await drainer.turn() == 0
    assert (drainer.set_aside, journal.waiting()) == (1, 1)


async def test_too_many_such_rows_are_a_fault_of_all(
    journal: FakeJournal, database: Database, drainer: Drainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drain, "MOST_SET_ASIDE", 2)
    keys = claimed(journal, 5)
    database.fails = dict.fromkeys(keys, TypeError("no such column"))
    await drainer.turn()
    assert drainer.set_aside == 2


async def test_a_journal_that_is_away_is_waited_for(journal: FakeJournal, drainer: Drainer) -> None:
    claimed(journal, 1)
    journal.away = True
    assert await drainer.turn() == 0
    journal.away = False
    assert await drainer.turn() == 1


async def test_a_backlog_leaves_most_of_the_time_to_the_payments_of_now(
    journal: FakeJournal, drainer: Drainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    rests: list[float] = []
    clock = iter(range(1_000))

    async def sleep(seconds: float) -> None:
        rests.append(seconds)

    monkeypatch.setattr(drain, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    monkeypatch.setattr(drain, "asyncio", SimpleNamespace(sleep=sleep))
    claimed(journal, 2 * drain.BATCH + 1)
    await drainer.turn()
    assert rests == [4.0, 4.0, 4.0]  # each batch took 1 s of that clock


async def test_what_cannot_be_marked_is_not_brought_over_and_over(
    journal: FakeJournal, database: Database, drainer: Drainer
) -> None:
    keys = claimed(journal, 3)
    database.marks = False
    await drainer.turn()
    assert database.rows == keys


async def test_it_serves_until_it_is_cancelled(
    journal: FakeJournal, drainer: Drainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drain, "EVERY_S", 0.001)
    task = asyncio.create_task(drainer.serve())
    claimed(journal, 1)
    async with asyncio.timeout(5):
        while drainer.drained == 0:
            await asyncio.sleep(0.001)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
