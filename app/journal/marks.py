"""What a process remembers of its own claims until the file says the same."""

from itertools import islice
from typing import NamedTuple

from app.ports import JournalEntry

MOST_MARKED = 20_000
MOST_PLACED = 4_000

Key = tuple[str, str]  # tenant and key


class Placed(NamedTuple):
    """Where a claim of this process stands, and with what."""

    id: int
    fingerprint: bytes
    reply: bytes


class Marked(NamedTuple):
    """An entry that PostgreSQL has; `id` is its place in the file, if that has the same request and reply."""

    entry: JournalEntry
    id: int | None


class Placements:
    """The newest claims of this process, so that marking them kept need not look them up."""

    def __init__(self) -> None:
        self._placed: dict[Key, Placed] = {}

    def add(self, entry: JournalEntry, place: int) -> None:
        if len(self._placed) >= MOST_PLACED:
            del self._placed[next(iter(self._placed))]
        self._placed[entry.tenant, entry.key] = Placed(place, entry.fingerprint, entry.reply)

    def take(self, entry: JournalEntry) -> int | None:
        """The place of the claim, unless PostgreSQL has it otherwise."""
        placed = self._placed.pop((entry.tenant, entry.key), None)
        if placed and placed.fingerprint == entry.fingerprint and placed.reply == entry.reply:
            return placed.id
        return None

    def clear(self) -> None:
        """The file is another: places in the old one mean nothing in it."""
        self._placed.clear()


class MarkedKept:
    """Entries that PostgreSQL has and the file does not know of yet, at most MOST_MARKED."""

    def __init__(self) -> None:
        self._marked: dict[Key, Marked] = {}

    def add(self, marked: Marked) -> None:
        """One too many is let go: it stays pending, and is inserted again without effect."""
        if len(self._marked) < MOST_MARKED:
            self._marked[marked.entry.tenant, marked.entry.key] = marked

    def get(self, key: Key) -> JournalEntry | None:
        marked = self._marked.get(key)
        return None if marked is None else marked.entry

    def oldest(self, limit: int) -> list[Marked]:
        return list(islice(self._marked.values(), limit))

    def remove(self, marked: Marked) -> None:
        key = marked.entry.tenant, marked.entry.key
        if self._marked.get(key) is marked:
            del self._marked[key]

    def lose_places(self) -> None:
        """The file is another: what is marked must be looked up in it."""
        self._marked = {key: marked._replace(id=None) for key, marked in self._marked.items()}

    def __contains__(self, key: Key) -> bool:
        return key in self._marked

    def __len__(self) -> int:
        return len(self._marked)
