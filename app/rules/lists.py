"""Block and allow lists of cards, riders, devices and hashes of e-mail addresses."""

import re
from collections.abc import Iterable
from typing import Literal, Self, get_args

from msgspec import Struct

from app.card_numbers import holds_card_number
from app.ports import Facts
from app.rules.errors import ListRefused
from domain.rules import ListHit

ListName = Literal["block", "allow"]
ListField = Literal["card_id", "user_id", "device_id", "email_hash"]
MAX_ENTRIES = 100_000  # in force
LISTS: tuple[ListName, ...] = get_args(ListName)
_VALUES: dict[ListField, re.Pattern[str]] = {
    "card_id": re.compile("card_[a-z0-9]{1,64}"),
    "user_id": re.compile("usr_[a-z0-9]{1,64}"),
    "device_id": re.compile("dev_[a-z0-9]{1,64}"),
    "email_hash": re.compile("emh_[a-z2-7]{52}"),
}


class Entry(Struct, frozen=True, kw_only=True):
    """`expires_at_ms` is the first instant at which it no longer holds."""

    entry_id: str
    list: ListName
    field: ListField
    value: str
    expires_at_ms: int | None = None


_Key = tuple[ListName, ListField, str]


class Entries:
    """A ports.ListBook; of equal entries the last holds."""

    def __init__(self, version: int, entries: Iterable[Entry] = ()) -> None:
        self._version = version
        self._entries: dict[_Key, Entry] = {_key(entry): entry for entry in entries}

    @property
    def version(self) -> int:
        return self._version

    def __len__(self) -> int:
        return len(self._entries)

    def match(self, facts: Facts) -> ListHit | None:
        if not self._entries:
            return None
        paid = facts.transaction
        values: tuple[tuple[ListField, str | None], ...] = (
            ("card_id", paid.card_id),
            ("user_id", paid.user_id),
            ("device_id", paid.device_id),
            ("email_hash", facts.email_hash),
        )
        for name in LISTS:
            for field, value in values:
                entry = self._entries.get((name, field, value)) if value else None
                if entry and (entry.expires_at_ms is None or facts.as_of_ms < entry.expires_at_ms):
                    return ListHit(entry_id=entry.entry_id, list=name, field=field)
        return None

    def changed(self, version: int, *, removed: Iterable[Entry], added: Iterable[Entry]) -> Self:
        """Another book, so that a long list is not read anew for one entry."""
        entries = dict(self._entries)
        for entry in removed:
            found = entries.get(_key(entry))
            if found and found.entry_id == entry.entry_id:
                del entries[_key(entry)]
        entries.update((_key(entry), entry) for entry in added)
        book = type(self)(version)
        book._entries = entries
        return book


def field_of(value: str) -> ListField:
    """What a value stands for, by its form; raises ListRefused for anything else."""
    for field, pattern in _VALUES.items():
        if pattern.fullmatch(value) and not holds_card_number(value):
            return field
    raise ListRefused(
        "the value is no id that a list can hold: it must be card_…, usr_… or dev_… with letters and digits, "
        "or emh_ and 52 of a-z, 2-7 (the hash of an e-mail address, never the address)"
    )


def _key(entry: Entry) -> _Key:
    return entry.list, entry.field, entry.value
