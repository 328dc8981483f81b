"""The journal is tended a little at a time, beside the decisions of one event loop."""

import asyncio
import logging
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path

import pytest
from fakes_journal import AT_MS, an_entry
from msgspec import structs

from app.journal import SqliteJournal, long_calls, sqlite_file, tending
from app.ports import JournalBusy, JournalEntry, JournalUnavailable

pytestmark = pytest.mark.anyio


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


@pytest.fixture
def journal(path: Path) -> Iterator[SqliteJournal]:
    with closing(SqliteJournal(path)) as made:
        yield made


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tending, "EVERY_S", 0.005)
    monkeypatch.setattr(tending, "CHECKPOINT_EVERY_S", 0.01)
    monkeypatch.setattr(tending, "FORGET_AGAIN_S", 0.01)


@asynccontextmanager
async def served(journal: SqliteJournal) -> AsyncIterator[None]:
    task = asyncio.create_task(journal.serve())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def soon(look: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not look():
            await asyncio.sleep(0.002)


def kept(journal: SqliteJournal, count: int, at_ms: int = AT_MS) -> list[JournalEntry]:
    claims = [journal.claim(an_entry(at_ms=at_ms)) for _ in range(count)]
    for entry in claims:
        journal.mark_kept(entry)
    return claims


async def test_what_is_marked_is_written_soon(journal: SqliteJournal) -> None:
    async with served(journal):
        kept(journal, 3 * tending.BATCH)
        assert journal.waiting() == 3 * tending.BATCH
        await soon(lambda: journal.waiting() == 0)


async def test_a_turn_writes_so_many_at_most(journal: SqliteJournal) -> None:
    kept(journal, tending.BATCH + 1)
    journal._tending.turn()
    assert journal.waiting() == 1


async def test_marks_cost_no_thread_and_no_file(journal: SqliteJournal) -> None:
    before = threading.active_count()
    async with served(journal):
        claims = kept(journal, 5)
        assert threading.active_count() <= before + 1  # the loop's own, for the first checkpoint
    assert all(journal.find(entry.tenant, entry.key) for entry in claims)


async def test_the_log_is_copied_into_the_file_and_begun_anew(
    journal: SqliteJournal, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(long_calls, "COMMITS", 50)
    async with served(journal):
        for _ in range(50):
            journal.claim(an_entry(row=b"r" * 3_000))
        await soon(lambda: path.stat().st_size > 100_000)
        await asyncio.sleep(0.05)
    grown = sqlite_file.log_of(path).stat().st_size
    journal.claim(an_entry())
    assert sqlite_file.log_of(path).stat().st_size == grown


def claimed(journal: SqliteJournal) -> bool:
    """The thread that cut the log may hold the file for another moment."""
    with suppress(JournalBusy):
        return bool(journal.claim(an_entry()))
    return False


async def test_a_log_that_grew_too_large_is_cut(
    journal: SqliteJournal, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(long_calls, "MOST_LOG_BYTES", 10_000)
    kept(journal, 10)
    async with served(journal):
        await soon(lambda: sqlite_file.log_of(path).stat().st_size == 0)
    await soon(lambda: claimed(journal))


async def test_what_waits_is_counted_beside_the_loop(journal: SqliteJournal) -> None:
    kept(journal, 2)
    journal.claim(an_entry())
    journal.flush()
    assert await journal.count_waiting() == 1


async def test_a_journal_that_cannot_be_counted_is_told(journal: SqliteJournal, path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    with pytest.raises(JournalUnavailable, match="cannot be counted"):
        await journal.count_waiting()


async def test_few_commits_are_not_worth_a_checkpoint(journal: SqliteJournal) -> None:
    await journal._long_calls.checkpoint()
    kept(journal, 3)
    assert not journal._long_calls.checkpoint_due


async def test_damage_that_a_checkpoint_finds_is_moved_aside(
    journal: SqliteJournal, path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def finds_damage(_: sqlite3.Connection) -> bool:
        error = sqlite3.DatabaseError("database disk image is malformed")
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error

    monkeypatch.setattr(long_calls, "copy_log", finds_damage)
    with caplog.at_level(logging.WARNING):
        async with served(journal):
            await soon(lambda: not path.exists())
            await soon(lambda: "cannot be tended" in caplog.text)
    entry = an_entry()
    assert journal.claim(entry) == entry


async def test_keys_are_forgotten_after_the_promised_time(path: Path) -> None:
    now_ms = AT_MS
    with closing(SqliteJournal(path, now_ms=lambda: now_ms)) as journal:
        old = kept(journal, 3 * tending.FORGET_BATCH)
        waits = journal.claim(an_entry())
        [young] = kept(journal, 1, AT_MS + 10)
        async with served(journal):
            await soon(lambda: journal.waiting() == 1)
            assert all(journal.find(entry.tenant, entry.key) for entry in old)
            now_ms = AT_MS + tending.KEPT_MS + 1
            await soon(lambda: not any(journal.find(entry.tenant, entry.key) for entry in old))
        assert journal.find(waits.tenant, waits.key) == waits
        assert journal.find(young.tenant, young.key)


async def test_a_turn_that_forgot_for_too_long_makes_the_next_forget_fewer(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(SqliteJournal(path, now_ms=lambda: AT_MS + tending.KEPT_MS + 1)) as journal:
        kept(journal, 40)
        journal.flush()
        with monkeypatch.context() as slow:
            slow.setattr(tending, "PATIENCE_S", -1.0)
            journal._tending.turn()
        assert journal._tending._forget_batch == tending.FORGET_BATCH // 2
        left = _count_keys(journal)
        journal._tending.turn()
        assert left - _count_keys(journal) == tending.FORGET_BATCH // 2


def _count_keys(journal: SqliteJournal) -> int:
    count: int = journal._file.use(
        lambda cursor: cursor.execute("select count(*) from keys").fetchone()[0], 1
    )
    return count


async def test_others_who_write_put_a_turn_off_without_a_word(
    journal: SqliteJournal, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kept(journal, 1)
    with closing(sqlite_file.connect(path, patience_ms=1_000)) as other, caplog.at_level(logging.WARNING):
        other.execute("begin immediate")
        journal._tending.turn()
        other.execute("rollback")
    assert (journal.waiting(), caplog.text) == (1, "")
    journal._tending.turn()
    assert journal.waiting() == 0


async def test_a_fault_is_told_once_and_what_is_marked_is_kept(
    journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    [entry] = kept(journal, 1)

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as broken, caplog.at_level(logging.WARNING):
        broken.setattr("app.journal.entries.answer", full)
        for _ in range(3):
            journal._tending.turn()
    assert caplog.text.count("cannot be tended now") == 1
    assert journal.find(entry.tenant, entry.key) == structs.replace(entry, row=None)
    journal._tending.turn()
    assert journal.waiting() == 0


async def test_what_cannot_be_written_at_the_end_stays_pending(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    journal = SqliteJournal(path)
    [entry] = kept(journal, 1)

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as broken, caplog.at_level(logging.WARNING):
        broken.setattr("app.journal.entries.answer", full)
        with pytest.raises(JournalUnavailable, match="full"):
            journal.flush()
        journal.close()
    assert "1 entries are not marked kept" in caplog.text
    with closing(SqliteJournal(path)) as again:
        assert again.pending(AT_MS + 1, 10) == [entry]


async def test_an_answer_does_not_reach_another_entry_in_its_place(journal: SqliteJournal) -> None:
    entry, other = journal.claim(an_entry()), an_entry()
    journal.mark_kept(entry)
    move = "update keys set transaction_id = ?, key = ?"
    journal._file.use(lambda cursor: cursor.execute(move, (other.transaction_id, other.key)), 1)
    journal.flush()
    assert [found.key for found in journal.pending(AT_MS + 1, 10)] == [other.key]
