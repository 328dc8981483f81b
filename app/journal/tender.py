"""What the journal's own thread does, so that no decision waits for it."""

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path

from app.journal.packing import pack
from app.journal.sqlite_file import connect, is_damage, log_of, move_aside, query
from app.ports import JournalEntry, JournalUnavailable

EVERY_S = 0.05
FORGET_EVERY = 1200  # turns: a minute
KEPT_MS = 25 * 3_600_000  # keys are promised for 24 hours
CHECKPOINT_BYTES = 8 << 20  # of log
PATIENCE_MS = 200  # with claims of other processes
TRIES = 10
BATCH = 64  # as many fit into a claim's patience
MOST_MARKED = 100_000
log = logging.getLogger("faregate.journal")


class MarkedKept:
    """Entries that PostgreSQL has and the file does not know of yet, at most MOST_MARKED."""

    def __init__(self) -> None:
        self._entries: dict[tuple[str, str], JournalEntry] = {}

    def add(self, entry: JournalEntry) -> None:
        """One too many is let go: it stays pending, and is inserted again without effect."""
        if len(self._entries) < MOST_MARKED:
            self._entries[entry.tenant, entry.key] = entry

    def get(self, place: tuple[str, str]) -> JournalEntry | None:
        return self._entries.get(place)

    def oldest(self, limit: int) -> list[JournalEntry]:
        return list(islice(self._entries.copy().values(), limit))

    def remove(self, entry: JournalEntry) -> None:
        place = entry.tenant, entry.key
        if self._entries.get(place) is entry:
            del self._entries[place]

    def __contains__(self, place: tuple[str, str]) -> bool:
        return place in self._entries

    def __len__(self) -> int:
        return len(self._entries)


class Tender:
    """Writes what was marked kept, empties the log into the file, and forgets old keys."""

    def __init__(self, path: Path, marks: MarkedKept, now_ms: Callable[[], int]) -> None:
        self._path = path
        self._marks = marks
        self._now_ms = now_ms
        self._writing = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="journal-tender", daemon=True)
        self._turns = 0
        self._said = ""

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()
        self._turn(last=True)

    @contextmanager
    def writing(self, patience_s: float) -> Iterator[None]:
        """Writers of this process take turns here, which wakes them sooner than SQLite's own waiting."""
        if not self._writing.acquire(timeout=patience_s):
            raise JournalUnavailable(
                f"{self._path} is being written for longer than {patience_s * 1000:.0f} ms"
            )
        try:
            yield
        finally:
            self._writing.release()

    def write_now(self, entries: list[JournalEntry]) -> None:
        """Raises JournalUnavailable; then the next turn writes them."""
        try:
            with self._connected() as connection:
                self._write_kept(connection, entries)
        except (sqlite3.Error, OSError) as error:
            raise JournalUnavailable(f"{self._path} cannot be written now: {error}") from error

    def forget(self, before_ms: int) -> int:
        """Raises sqlite3.Error."""
        with self._connected() as connection:
            return sum(self._forget(connection, before_ms))

    def _run(self) -> None:
        while not self._stop.wait(EVERY_S):
            self._turn()

    def _turn(self, *, last: bool = False) -> None:
        self._turns += 1
        try:
            if self._marks or last or self._turns % 20 == 0:
                self._tend(last=last)
            self._said = ""
        except (sqlite3.Error, OSError, JournalUnavailable) as error:
            if str(error) != self._said:
                log.warning("%s cannot be tended now: %s", self._path, error)
            self._said = str(error)

    def _tend(self, *, last: bool) -> None:
        with self._connected() as connection:
            while batch := self._marks.oldest(BATCH):
                self._write_kept(connection, batch)
            if self._turns % FORGET_EVERY == 0 and not last:
                sum(self._forget(connection, self._now_ms() - KEPT_MS))
            if log_of(self._path).stat().st_size > CHECKPOINT_BYTES:
                checkpoint(connection)

    def _write_kept(self, connection: sqlite3.Connection, batch: list[JournalEntry]) -> None:
        usual = [answer for entry in batch if (answer := self._usual_answer(connection, entry))]
        connection.execute(query("batch_table"))
        connection.executemany(query("fill_batch"), usual)
        with self.writing(PATIENCE_MS / 1000):
            connection.execute(query("answer_batch"))
        connection.execute(query("empty_batch"))
        for entry in batch:
            self._marks.remove(entry)

    def _usual_answer(self, connection: sqlite3.Connection, entry: JournalEntry) -> dict[str, object] | None:
        """What remains to be written, if that is only the answer; else all of it is written here."""
        answer = pack(entry.reply)
        known = connection.execute(query("find"), {"tenant": entry.tenant, "key": entry.key}).fetchone()
        if known and known["fingerprint"] == entry.fingerprint:
            return {"id": known["id"], "packed": answer}
        with self._transaction(connection):
            _write_whole(connection, entry, answer)
        return None

    def _forget(self, connection: sqlite3.Connection, before_ms: int) -> Iterator[int]:
        """In batches, the oldest first, until one has nothing old; what waits stays."""
        after = 0
        while rows := connection.execute(query("oldest"), {"after": after, "limit": BATCH}).fetchall():
            after = rows[-1]["id"]
            old = [row for row in rows if row["at_ms"] < before_ms]
            if not old:
                return
            ids = [{"id": row["id"]} for row in old if not row["waits"]]
            with self._transaction(connection):
                connection.executemany(query("forget_answer"), ids)
                connection.executemany(query("forget_key"), ids)
            yield len(ids)

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        """A connection for one turn: the file may be another by the next."""
        inode = self._path.stat().st_ino
        with closing(connect(self._path, patience_ms=PATIENCE_MS)) as connection:
            try:
                yield connection
            except sqlite3.Error as error:
                if is_damage(error):
                    move_aside(self._path, inode, str(error))
                raise

    @contextmanager
    def _transaction(self, connection: sqlite3.Connection) -> Iterator[None]:
        with self.writing(PATIENCE_MS / 1000):
            connection.execute("begin immediate")
            try:
                yield
                connection.execute("commit")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("rollback")
                raise


def checkpoint(connection: sqlite3.Connection) -> bool:
    """Copy the log into the file without hindering anybody; True when all of it was copied.

    Only then is the log begun anew. A claim in between spoils a try, and the next has little left to copy.
    """
    for _ in range(TRIES):
        _busy, logged, copied = connection.execute("pragma wal_checkpoint(passive)").fetchone()
        if logged == copied:
            return True
    return False


def _write_whole(connection: sqlite3.Connection, entry: JournalEntry, answer: bytes) -> None:
    """An entry that the file lacks, or has with another request."""
    place = {
        name: getattr(entry, name) for name in ("tenant", "key", "transaction_id", "fingerprint", "at_ms")
    }
    known = connection.execute(query("find"), place).fetchone()
    if known is None:
        known = connection.execute(query("place"), place).fetchone()
    if known is None:
        return  # its transaction stands under another key, which is the one that counts
    connection.execute(query("replace_fingerprint"), {**place, "id": known["id"]})
    connection.execute(query("answer"), {"id": known["id"], "packed": answer})
