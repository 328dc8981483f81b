"""What keeps the journal small, a little at a time between decisions."""

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from app.journal import entries
from app.journal.journal_file import JournalFile
from app.journal.long_calls import LongCalls, copy_once
from app.journal.marks import Marked, MarkedKept
from app.ports import JournalBusy, JournalUnavailable

EVERY_S = 0.05
BATCH = 32  # of marked entries a turn
CHECKPOINT_EVERY_S = 2.0
KEPT_MS = 25 * 3_600_000  # keys are promised for 24 hours
FORGET_AGAIN_S = 1.0
FORGET_BATCH = 16
PATIENCE_S = 0.001  # with others who write; and what a turn may take for forgetting
log = logging.getLogger("faregate.journal")


class Tending:
    """Writes what was marked kept, forgets old keys, and has the log copied into the file."""

    def __init__(
        self,
        path: Path,
        file: JournalFile,
        marks: MarkedKept,
        long_calls: LongCalls,
        now_ms: Callable[[], int],
    ) -> None:
        self._path = path
        self._file = file
        self._marks = marks
        self._long_calls = long_calls
        self._now_ms = now_ms
        self._forget_at = 0.0
        self._forget_after = 0
        self._forget_batch = FORGET_BATCH
        self._said = ""

    async def serve(self) -> None:
        """For ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._take_turns())
            group.create_task(self._make_checkpoints())

    def turn(self) -> None:
        try:
            self.write(self._marks.oldest(BATCH), PATIENCE_S)
            self._forget_some()
            self._said = ""
        except JournalBusy:
            pass  # with its claims; those are told if they have to wait too long
        except JournalUnavailable as error:
            self._say(error)

    def write(self, batch: list[Marked], patience_s: float) -> None:
        """Raises JournalUnavailable; then a later turn writes them."""
        if not batch:
            return
        self._file.use(lambda cursor: entries.answer(cursor, batch), patience_s)
        self._long_calls.count_commit()
        for marked in batch:
            self._marks.remove(marked)

    def flush(self, patience_s: float) -> None:
        """Write all that was marked kept; raises JournalUnavailable."""
        while batch := self._marks.oldest(BATCH):
            self.write(batch, patience_s)

    def forget(self, before_ms: int, patience_s: float) -> int:
        """All that is older and does not wait; says how many. Raises JournalUnavailable."""
        count, place = self._forget(before_ms, 0, FORGET_BATCH, patience_s)
        while place:
            more, place = self._forget(before_ms, place, FORGET_BATCH, patience_s)
            count += more
        return count

    async def _take_turns(self) -> None:
        while True:
            behind = len(self._marks) > BATCH
            await asyncio.sleep(EVERY_S / 10 if behind else EVERY_S)
            self.turn()

    async def _make_checkpoints(self) -> None:
        while True:
            if self._long_calls.checkpoint_due:
                try:
                    await self._long_calls.checkpoint()
                    self._copy_the_rest()
                except (sqlite3.Error, OSError, JournalUnavailable) as error:
                    self._say(error)
            await asyncio.sleep(CHECKPOINT_EVERY_S)

    def _copy_the_rest(self) -> None:
        """What was claimed meanwhile: on this thread no claim comes in between, so the log begins anew."""
        self._file.use(copy_once, PATIENCE_S)

    def _forget_some(self) -> None:
        began = time.monotonic()
        if began < self._forget_at:
            return
        before_ms = self._now_ms() - KEPT_MS
        _, self._forget_after = self._forget(before_ms, self._forget_after, self._forget_batch, PATIENCE_S)
        ended = time.monotonic()
        if not self._forget_after:
            self._forget_at = ended + FORGET_AGAIN_S
        late = ended - began > PATIENCE_S
        self._forget_batch = max(1, self._forget_batch // 2) if late else FORGET_BATCH

    def _forget(self, before_ms: int, after: int, limit: int, patience_s: float) -> tuple[int, int]:
        found = self._file.use(lambda cursor: entries.forget(cursor, before_ms, after, limit), patience_s)
        if found[0]:
            self._long_calls.count_commit()
        return found

    def _say(self, error: Exception) -> None:
        if str(error) != self._said:
            log.warning("%s cannot be tended now: %s", self._path, error)
        self._said = str(error)
