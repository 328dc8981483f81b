"""Nonces of signed calls, each taken once on a host, whichever of its processes sees it."""

import sqlite3
from pathlib import Path

from domain.errors import Retryable

BUSY_MS = 5
FORGET_EVERY = 64
FORGET_AT_ONCE = 128
MAX_NONCES = 1_000_000


class NoncesUnavailable(Retryable):
    """Whether a nonce is new cannot be known."""


class Nonces:
    """A small SQLite file. It is not synced: after a power cut a signed call could be sent once more within
    its five minutes, which its idempotency key makes harmless."""

    def __init__(self, path: Path, most: int = MAX_NONCES) -> None:
        self._most = most
        self._taken = 0
        self._db = _opened(path)

    def take(self, key_id: str, nonce: str, *, now_s: float, until_s: float) -> bool:
        """Whether the nonce is new; from now on it is not, until its signature is too old anyway.

        Raises NoncesUnavailable.
        """
        try:
            if self._taken % FORGET_EVERY == 0:
                self._forget(now_s)
            self._taken += 1
            taken = self._db.execute(
                "insert into nonces (key_id, nonce, until_s) values (?, ?, ?) on conflict do nothing",
                (key_id, nonce, until_s),
            )
        except sqlite3.Error as error:
            raise NoncesUnavailable(f"the nonces of this host cannot be kept: {error}") from error
        return taken.rowcount == 1

    def close(self) -> None:
        self._db.close()

    def _forget(self, now_s: float) -> None:
        self._db.execute(
            "delete from nonces where rowid in (select rowid from nonces where until_s < ? limit ?)",
            (now_s, FORGET_AT_ONCE),
        )
        # Between the first row and the last: at least as many as there are, without a count of all.
        [held] = self._db.execute("select coalesce(max(rowid) - min(rowid) + 1, 0) from nonces").fetchone()
        if held > self._most:
            raise NoncesUnavailable(f"{held} nonces are in use, no more are taken until some expire")


def _opened(path: Path) -> sqlite3.Connection:
    try:
        db = sqlite3.connect(path, timeout=BUSY_MS / 1000, isolation_level=None)
        db.execute("pragma busy_timeout = 1000")
        db.execute("pragma journal_mode = wal")
        db.execute("pragma synchronous = off")
        db.execute(
            "create table if not exists nonces "
            "(key_id text not null, nonce text not null, until_s real not null, unique (key_id, nonce))"
        )
        db.execute("create index if not exists nonces_until_s on nonces (until_s)")
        db.execute(f"pragma busy_timeout = {BUSY_MS}")
    except sqlite3.Error as error:
        raise NoncesUnavailable(f"the nonces of this host cannot be kept in {path}: {error}") from error
    return db
