"""How often each key may call: one count for all processes of a host, in a small file that they share.

Each key has one number there, the time at which its calls so far would be over if they came evenly (the
generic cell rate algorithm). So the limit is exact, a burst is a burst, and nothing has to be swept.
"""

import fcntl
import mmap
import os
import struct
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from domain.errors import FaregateError

SLOTS = 4_096
_SLOT = struct.Struct("<16sq")  # a key's name, and the time in ns by which its calls so far would be over
_FREE = bytes(16)
_PATIENCE_NS = 20_000_000  # a holder needs 3 us, but may lose its core meanwhile
_TRIES, _PAUSE_S = 20, 0.000_1
_S = 1_000_000_000


class RatesUnusable(FaregateError):
    """The file of this host's rates cannot be opened."""


class Rates:
    """`clock_ns` must be the same for all processes of the host and never go back, as CLOCK_MONOTONIC."""

    def __init__(self, path: Path, clock_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._clock_ns = clock_ns
        self._names: dict[str, bytes] = {}
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            if os.fstat(self._file).st_size < SLOTS * _SLOT.size:
                os.truncate(self._file, SLOTS * _SLOT.size)
            self._map = mmap.mmap(self._file, SLOTS * _SLOT.size)
        except OSError as error:
            raise RatesUnusable(
                f"The rates of this host cannot be kept in {path}: {error.strerror}."
            ) from error

    def take(self, key_id: str, rate_per_s: int, burst: int) -> float:
        """0 if a call of this key may go on, else after how many seconds one may.

        A lock that another process holds for too long is not waited for: the call goes on.
        """
        name = self._names.get(key_id) or self._name(key_id)
        if not self._lock():
            return 0.0
        try:
            now_ns = self._clock_ns()
            place = self._place_of(name, now_ns)
            if place is None:
                return 1.0
            return self._take(name, place, now_ns, _S // rate_per_s, burst)
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1)

    def close(self) -> None:
        self._map.close()
        os.close(self._file)

    def _take(self, name: bytes, place: int, now_ns: int, step_ns: int, burst: int) -> float:
        over_ns: int = _SLOT.unpack_from(self._map, place * _SLOT.size)[1]
        ahead_ns = over_ns - now_ns
        if not 0 < ahead_ns <= step_ns * burst:
            ahead_ns = 0  # long ago, or of the time before the host was started anew
        wait_ns = ahead_ns - step_ns * (burst - 1)
        if wait_ns > 0:
            return wait_ns / _S
        _SLOT.pack_into(self._map, place * _SLOT.size, name, now_ns + ahead_ns + step_ns)
        return 0.0

    def _lock(self) -> bool:
        began_ns = tries = 0
        while True:
            try:
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1)
            except OSError:
                now_ns = time.monotonic_ns()
                began_ns = began_ns or now_ns
                if now_ns - began_ns > _PATIENCE_NS:
                    return False
                tries += 1
                time.sleep(0 if tries < _TRIES else _PAUSE_S)  # lets the holder run, which is nearly done
            else:
                return True

    def _name(self, key_id: str) -> bytes:
        return self._names.setdefault(key_id, sha256(key_id.encode()).digest()[:16])

    def _place_of(self, name: bytes, now_ns: int) -> int | None:
        """Where the key's number stands, else the first place from its own that nobody needs now.

        A place once taken is never free again, only another's: so no search ends too early.
        """
        home = int.from_bytes(name[:4], "little")
        unneeded = None
        for at in (place % SLOTS for place in range(home, home + SLOTS)):
            holder, over_ns = _SLOT.unpack_from(self._map, at * _SLOT.size)
            if holder == name:
                return at
            if unneeded is None and over_ns <= now_ns:
                unneeded = at
            if holder == _FREE:
                break
        if unneeded is not None:
            _SLOT.pack_into(self._map, unneeded * _SLOT.size, name, 0)
        return unneeded
