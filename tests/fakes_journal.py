"""A journal in memory, and entries for tests."""

from typing import Any

from event_factories import an_id
from msgspec import structs

from app.ports import JournalEntry, JournalUnavailable

AT_MS = 1_767_225_600_000


def an_entry(**given: Any) -> JournalEntry:
    defaults: dict[str, Any] = {
        "tenant": "local",
        "key": an_id("key"),
        "transaction_id": an_id("txn"),
        "fingerprint": b"f" * 32,
        "reply": b'{"verdict":"approve"}',
        "row": b"row",
        "at_ms": AT_MS,
    }
    return JournalEntry(**{**defaults, **given})


class FakeJournal:
    """`away` makes every call fail; `secured` counts syncs."""

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str], JournalEntry] = {}
        self.away = False
        self.secured = 0

    def find(self, tenant: str, key: str) -> JournalEntry | None:
        self._require()
        return self.entries.get((tenant, key))

    def claim(self, entry: JournalEntry) -> JournalEntry:
        self._require()
        first = self.entries.get((entry.tenant, entry.key)) or self._of(entry.transaction_id)
        return first or self.entries.setdefault((entry.tenant, entry.key), entry)

    async def secure(self) -> None:
        self._require()
        self.secured += 1

    def mark_kept(self, entry: JournalEntry) -> None:
        self._require()
        of_another_key = self._of(entry.transaction_id)
        if of_another_key is None or of_another_key.key == entry.key:
            self.entries[entry.tenant, entry.key] = structs.replace(entry, row=None)

    def pending(self, before_ms: int, limit: int) -> list[JournalEntry]:
        self._require()
        waiting = [entry for entry in self.entries.values() if entry.row is not None]
        return [entry for entry in waiting if entry.at_ms < before_ms][:limit]

    def waiting(self) -> int:
        return sum(entry.row is not None for entry in self.entries.values())

    def forget(self, before_ms: int) -> int:
        self._require()
        old = [key for key, entry in self.entries.items() if entry.row is None and entry.at_ms < before_ms]
        for key in old:
            del self.entries[key]
        return len(old)

    def flush(self) -> None:
        self._require()

    def close(self) -> None:
        pass

    def _of(self, transaction_id: str) -> JournalEntry | None:
        return next((e for e in self.entries.values() if e.transaction_id == transaction_id), None)

    def _require(self) -> None:
        if self.away:
            raise JournalUnavailable("the journal is away")
