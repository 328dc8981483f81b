"""The archive, read no faster than leaves most of a core to others."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from deploy.parity.decisions import Place
from deploy.parity.rebuilding import Archive
from domain.raw_record import RawRecord

SHARE = 0.25  # of a core, for reading records and whatever is done with them
LOOK_EVERY = 64  # records


@dataclass(frozen=True, kw_only=True)
class PacedArchive:
    """`cpu_s` is the time that this process has used; a check lasts longer, and no payment waits for it."""

    archive: Archive
    cpu_s: Callable[[], float] = time.process_time
    sleep: Callable[[float], None] = time.sleep

    def end_positions(self) -> Mapping[Place, int]:
        return self.archive.end_positions()

    def records(
        self,
        from_ms: int | None = None,
        until_ms: int | None = None,
        entities: Mapping[str, set[str]] | None = None,
    ) -> Iterator[RawRecord]:
        return self._paced(self.archive.records(from_ms, until_ms, entities))

    def link_records(self, since: Mapping[Place, int]) -> Iterator[RawRecord]:
        return self._paced(self.archive.link_records(since))

    def _paced(self, records: Iterable[RawRecord]) -> Iterator[RawRecord]:
        rested = self.cpu_s()
        for number, record in enumerate(records):
            yield record
            if number % LOOK_EVERY == 0:
                used_s = self.cpu_s() - rested
                self.sleep(used_s * (1 / SHARE - 1))
                rested = self.cpu_s()
