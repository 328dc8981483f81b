"""The journal's file over crashes, damage, full disks and releases."""

import logging
import os
import shutil
import sqlite3
import stat
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from fakes_journal import AT_MS, an_entry
from waiting import eventually

from app.journal import SqliteJournal, journal_file, long_calls, sqlite_file
from app.ports import JournalUnavailable


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


@pytest.fixture
def journal(path: Path) -> Iterator[SqliteJournal]:
    with closing(SqliteJournal(path)) as made:
        yield made


def test_the_file_is_for_its_user_only(journal: SqliteJournal, path: Path) -> None:
    journal.claim(an_entry())
    files = [file for file in path.parent.iterdir() if file.is_file()]
    assert {file.name for file in files} >= {"journal.sqlite", "journal.sqlite-wal"}
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_entries_outlive_the_process(path: Path) -> None:
    waits, kept = an_entry(), an_entry()
    with closing(SqliteJournal(path)) as journal:
        journal.claim(waits)
        journal.claim(kept)
        journal.mark_kept(kept)
    with closing(SqliteJournal(path)) as journal:
        assert journal.pending(AT_MS + 1, 10) == [waits]
        found = journal.find(kept.tenant, kept.key)
    assert found is not None
    assert (found.reply, found.row) == (kept.reply, None)


@pytest.mark.anyio
async def test_what_was_secured_is_in_what_was_synced(
    journal: SqliteJournal, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut leaves the log as long as it was when it was last synced, at worst."""
    synced: dict[str, int] = {}
    real = os.fsync

    def fsync(descriptor: int) -> None:
        synced[Path(f"/proc/self/fd/{descriptor}").readlink().name] = os.fstat(descriptor).st_size
        real(descriptor)

    monkeypatch.setattr("app.journal.sqlite_file.os.fsync", fsync)
    first, second = an_entry(), an_entry()
    journal.claim(first)
    await journal.secure()
    secured = synced["journal.sqlite-wal"]
    assert tmp_path.name in synced
    journal.claim(second)

    after = tmp_path / "after"
    after.mkdir()
    shutil.copy(path, after)
    (after / "journal.sqlite-wal").write_bytes(sqlite_file.log_of(path).read_bytes()[:secured])
    with closing(SqliteJournal(after / "journal.sqlite")) as restarted:
        assert restarted.find(first.tenant, first.key) == first
        assert restarted.find(second.tenant, second.key) is None


@pytest.mark.anyio
async def test_a_disk_that_does_not_sync_is_told(
    journal: SqliteJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: int) -> None:
        raise OSError(5, "Input/output error")

    journal.claim(an_entry())
    monkeypatch.setattr("app.journal.sqlite_file.os.fsync", fails)
    with pytest.raises(JournalUnavailable, match="cannot be written to disk"):
        await journal.secure()


@pytest.mark.parametrize("content", [b"", b"no journal at all" * 400])
def test_what_is_no_journal_is_moved_aside(
    path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path.write_bytes(content)
    with caplog.at_level(logging.ERROR), closing(SqliteJournal(path)) as journal:
        entry = an_entry()
        assert journal.claim(entry) == entry
    [aside] = [file for file in path.parent.iterdir() if ".aside-" in file.name]
    assert aside.read_bytes() == content
    assert "moved to" in caplog.text


def test_another_format_is_moved_aside_with_its_log(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with closing(SqliteJournal(path)) as journal:
        journal.claim(an_entry(key="key_old"))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("pragma user_version = 99")
    with caplog.at_level(logging.ERROR), closing(SqliteJournal(path)) as journal:
        assert journal.find("local", "key_old") is None
    assert "its format is 99" in caplog.text


def test_damage_while_running_is_moved_aside(
    journal: SqliteJournal, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _run(journal, "pragma cache_size = 1")
    for _ in range(200):
        journal.claim(an_entry(reply=b"r" * 2_000))
    _empty_log(path)
    with path.open("r+b") as file:
        file.seek(sqlite_file.PAGE_BYTES)
        file.write(b"\xff" * (path.stat().st_size - sqlite_file.PAGE_BYTES))
    with caplog.at_level(logging.ERROR):
        entry = an_entry(key="key_after")
        eventually(lambda: _claims(journal, entry), within_s=5)
    assert "cannot be used" in caplog.text
    assert journal.find("local", "key_after") == entry


def _empty_log(path: Path) -> None:
    with closing(sqlite_file.connect(path, patience_ms=1_000)) as connection:
        assert long_calls.copy_log(connection)


def _run(journal: SqliteJournal, statement: str) -> list[tuple[int]]:
    return journal._file.use(lambda cursor: cursor.execute(statement).fetchall(), 1.0)


def _claims(journal: SqliteJournal, entry: object) -> bool:
    try:
        return journal.claim(entry) == entry  # type: ignore[arg-type]
    except JournalUnavailable:
        return False


def test_two_processes_stay_on_one_file_when_one_moves_it(path: Path) -> None:
    with closing(SqliteJournal(path)) as ours, closing(SqliteJournal(path)) as theirs:
        ours.claim(an_entry())
        sqlite_file.move_aside(path, path.stat().st_ino, "a test")
        entry = ours.claim(an_entry())
        assert theirs.claim(an_entry(key=entry.key, reply=b"another")) == entry


def test_a_moved_file_is_noticed_by_those_who_only_look(
    journal: SqliteJournal, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_file, "LOOK_EVERY_S", 0.02)
    entry = journal.claim(an_entry())
    sqlite_file.move_aside(path, path.stat().st_ino, "a test")
    eventually(lambda: journal.find(entry.tenant, entry.key) is None, within_s=5)


def test_what_was_marked_goes_to_the_file_that_is_there_now(journal: SqliteJournal, path: Path) -> None:
    """Places in the old file mean nothing in the new one, where others stand there."""
    kept = [journal.claim(an_entry()) for _ in range(3)]
    journal.mark_kept(kept[0])
    sqlite_file.move_aside(path, path.stat().st_ino, "a test")
    others = [journal.claim(an_entry()) for _ in range(3)]
    journal.mark_kept(kept[1])
    journal.flush()
    assert journal.pending(AT_MS + 1, 10) == others
    assert [journal.find(entry.tenant, entry.key) is None for entry in kept] == [False, False, True]


def test_a_file_that_another_replaced_is_left_alone(journal: SqliteJournal, path: Path) -> None:
    entry = journal.claim(an_entry())
    sqlite_file.move_aside(path, path.stat().st_ino + 1, "another's file")
    assert journal.find(entry.tenant, entry.key) == entry


def test_a_full_disk_is_unavailable_and_passes(journal: SqliteJournal) -> None:
    [(pages,)] = _run(journal, "pragma page_count")
    _run(journal, f"pragma max_page_count = {pages}")
    entry = an_entry(row=b"r" * 100_000)
    with pytest.raises(JournalUnavailable, match="full"):
        journal.claim(entry)
    _run(journal, "pragma max_page_count = 1000000")
    assert journal.find(entry.tenant, entry.key) is None
    assert journal.claim(entry) == entry


def test_another_who_writes_for_long_makes_it_unavailable_soon(journal: SqliteJournal, path: Path) -> None:
    entry = journal.claim(an_entry())
    with closing(sqlite_file.connect(path, patience_ms=1_000)) as other:
        other.execute("begin immediate")
        with pytest.raises(JournalUnavailable, match="locked"):
            journal.claim(an_entry())
        assert journal.find(entry.tenant, entry.key) == entry
        other.execute("rollback")
    journal.claim(an_entry())


def test_a_short_write_of_another_is_waited_for(journal: SqliteJournal, path: Path) -> None:
    other = sqlite_file.connect(path, patience_ms=1_000)
    other.execute("begin immediate")
    ends = threading.Timer(0.02, other.execute, ["rollback"])
    ends.start()
    entry = an_entry()
    journal._patience_s = 5.0
    assert journal.claim(entry) == entry
    ends.join()
    other.close()


def test_a_folder_that_is_not_there_is_unavailable_and_not_fatal(tmp_path: Path) -> None:
    with closing(SqliteJournal(tmp_path / "none" / "journal.sqlite")) as journal:
        with pytest.raises(JournalUnavailable, match="none"):
            journal.claim(an_entry())
        with pytest.raises(JournalUnavailable, match="a moment ago"):
            journal.find("local", "key_a")
