"""List entries kept in PostgreSQL."""

from collections.abc import Callable, Iterator

import psycopg
import pytest
from event_factories import NOW_MS
from rule_factories import EMAIL, facts

from app.card_numbers import holds_card_number
from app.rules.errors import ListRefused
from app.rules.list_store import ListStore

CARD = facts(card_id="card_x")


@pytest.fixture
def store(conninfo: Callable[[str], str]) -> Iterator[ListStore]:
    with psycopg.connect(conninfo("faregate_console"), autocommit=True) as connection:
        yield ListStore(connection)


def test_entries_are_in_force_from_their_version_to_their_removal(store: ListStore) -> None:
    [entry] = store.add("block", ["card_x"], by="ana", why="stolen")
    added = store.version()
    removed = store.remove([entry.entry_id], by="ana", why="a mistake")
    assert store.as_of(added - 1).match(CARD) is None
    hit = store.as_of(added).match(CARD)
    assert hit
    assert hit.entry_id == entry.entry_id
    assert store.as_of(removed).match(CARD) is None
    assert removed == added + 1


def test_many_values_are_one_change(store: ListStore) -> None:
    entries = store.add("allow", ["card_x", "usr_x", "dev_x", EMAIL, "card_x"], by="ana")
    assert [entry.field for entry in entries] == ["card_id", "user_id", "device_id", "email_hash"]
    assert store.version() == 1
    assert len(store.as_of(1)) == 4


def test_ids_of_entries_can_never_look_like_card_numbers(store: ListStore) -> None:
    entries = store.add("block", [f"card_{'x' * n}" for n in range(1, 30)], by="ana")
    assert all(entry.entry_id.removeprefix("entry_").isalpha() for entry in entries)
    assert not any(holds_card_number(entry.entry_id) for entry in entries)
    assert len({entry.entry_id for entry in entries}) == 29


def test_an_equal_entry_takes_the_place_of_the_older(store: ListStore) -> None:
    [older] = store.add("block", ["card_x"], by="ana")
    [newer] = store.add("block", ["card_x"], expires_at_ms=NOW_MS + 7, by="bob")
    store.add("allow", ["card_x"], by="bob")
    hit = store.as_of(store.version()).match(CARD)
    assert hit
    assert hit.entry_id == newer.entry_id
    assert [(entry.entry_id, entry.removed) for entry in store.entries(value="card_x", with_removed=True)][
        1:
    ] == [
        (newer.entry_id, False),
        (older.entry_id, True),
    ]


def test_an_expiry_is_kept_to_the_millisecond(store: ListStore) -> None:
    store.add("block", ["card_x"], expires_at_ms=NOW_MS + 7, by="ana")
    book = store.as_of(store.version())
    assert book.match(facts(card_id="card_x", as_of_ms=NOW_MS + 6))
    assert book.match(facts(card_id="card_x", as_of_ms=NOW_MS + 7)) is None


@pytest.mark.parametrize("values", [[], ["card_x", "a@b.example"], ["card_4111111111111111"]])
def test_nothing_is_added_when_one_value_is_wrong(store: ListStore, values: list[str]) -> None:
    with pytest.raises(ListRefused):
        store.add("block", values, by="ana")
    assert (store.version(), store.entries()) == (0, [])


def test_nothing_is_removed_when_one_entry_is_unknown(store: ListStore) -> None:
    [entry] = store.add("block", ["card_x"], by="ana")
    with pytest.raises(ListRefused, match=r"no entry entry_none on a list.*nothing was removed"):
        store.remove([entry.entry_id, "entry_none"], by="ana")
    assert store.as_of(store.version()).match(CARD)
    store.remove([entry.entry_id], by="ana")
    with pytest.raises(ListRefused):
        store.remove([entry.entry_id], by="ana")


def test_entries_in_force_are_bounded(store: ListStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.rules.list_store.MAX_ENTRIES", 2)
    store.add("block", ["card_x", "card_y"], expires_at_ms=NOW_MS + 10**12, by="ana")
    with pytest.raises(ListRefused, match=r"would hold 3 entries, 2 are allowed.*nothing was added"):
        store.add("block", ["card_z"], by="ana")
    store.add("block", ["card_x"], by="ana")
    assert len(store.entries()) == 2


def test_entries_are_shown_with_who_and_why(store: ListStore) -> None:
    store.add("block", ["card_x"], by="ana", why="stolen")
    store.add("allow", ["usr_x"], by="bob")
    assert [(entry.list, entry.value, entry.changed_by) for entry in store.entries()] == [
        ("allow", "usr_x", "bob"),
        ("block", "card_x", "ana"),
    ]
    [shown] = store.entries(list_name="block")
    assert (shown.why, shown.expires_at, shown.removed) == ("stolen", None, False)
    assert len(store.entries(limit=1)) == 1
    assert [entry.value for entry in store.entries(value=shown.entry_id)] == ["card_x"]
