"""The journal's file: begun, opened, and moved aside when it cannot be read."""

import fcntl
import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from time import time_ns

from app.queries import queries_of

FORMAT = 1  # raise it with every change of the tables or of how answers are packed
PAGE_BYTES = 2048  # an entry touches few pages, and each goes to the log whole
PATIENCE_S = 5.0
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_query = queries_of(__file__)
log = logging.getLogger("faregate.journal")


@cache
def query(name: str) -> str:
    return _query(name).decode()


def open_file(path: Path, *, patience_ms: int) -> sqlite3.Connection:
    """A connection that commits each statement by itself and never checkpoints.

    A file that is damaged or of another format is moved aside, and a new one begun. Raises sqlite3.Error and
    OSError.
    """
    with _alone(path):
        if path.exists() and (fault := _fault(path)):
            _move_aside(path, fault)
        if not path.exists():
            _begin(path)
        return connect(path, patience_ms=patience_ms)


def connect(path: Path, *, patience_ms: int) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"file:{path}?mode=rw",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=patience_ms / 1000,
    )
    connection.execute("pragma synchronous = normal")
    connection.execute("pragma secure_delete = fast")  # else pages that were freed go to the log too
    connection.execute("pragma wal_autocheckpoint = 0")
    return connection


def is_damage(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGE


def move_aside(path: Path, inode: int, fault: str) -> None:
    """Move the damaged file out of the way, unless another process has done so."""
    with _alone(path):
        if path.exists() and path.stat().st_ino == inode:
            _move_aside(path, fault)


def log_of(path: Path) -> Path:
    """SQLite's write-ahead log: what was committed since the last checkpoint stands only there."""
    return path.with_name(f"{path.name}-wal")


def sync_log(path: Path) -> None:
    """Return when all commits up to now survive a power cut; raises OSError.

    A commit is in the log until a checkpoint has written the file itself to disk, so the log is all that must
    be written. No lock of SQLite's is on the log, so closing it here harms none; the file itself must not be
    opened and closed like this.
    """
    try:
        descriptor = os.open(log_of(path), os.O_RDWR)
    except FileNotFoundError:
        return  # nothing was committed since the file was last closed
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    _sync_folder(path.parent)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One process at a time begins, judges or moves the file."""
    descriptor = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _begin(path: Path) -> None:
    """Made whole under another name: a crash leaves no half of a journal."""
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    os.close(os.open(part, os.O_CREAT | os.O_EXCL, 0o600))
    with closing(sqlite3.connect(part, isolation_level=None)) as connection:
        connection.execute(f"pragma page_size = {PAGE_BYTES}")
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = full")
        connection.executescript(query("tables"))
        connection.execute(f"pragma user_version = {FORMAT}")
    part.rename(path)
    _sync_folder(path.parent)


def _fault(path: Path) -> str | None:
    try:
        with closing(connect(path, patience_ms=round(PATIENCE_S * 1000))) as connection:
            (found,) = connection.execute("pragma user_version").fetchone()
            if found != FORMAT:
                return f"its format is {found}, this release writes {FORMAT}"
            connection.execute(query("readable"))
    except sqlite3.DatabaseError as error:
        if is_damage(error) or "no such table" in str(error):
            return str(error)
        raise
    return None


def _move_aside(path: Path, fault: str) -> None:
    aside = path.with_name(f"{path.name}.aside-{time_ns()}")
    for suffix in ("-wal", "-shm", ""):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    log.error(
        "%s cannot be used: %s. It was moved to %s and a new journal is begun: keys that only it knew are "
        "answered from PostgreSQL alone. Keep it until every decision of this host is in PostgreSQL.",
        path,
        fault,
        aside,
    )


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
