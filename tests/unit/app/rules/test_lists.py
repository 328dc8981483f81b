import pytest
from event_factories import NOW_MS
from rule_factories import EMAIL, bare_facts, facts

from app.rules.errors import ListRefused
from app.rules.lists import Entries, Entry, ListField, ListName, field_of
from domain.rules import ListHit


def an_entry(
    value: str, list_name: ListName = "block", entry_id: str = "entry_a", expires_at_ms: int | None = None
) -> Entry:
    field = field_of(value)
    return Entry(entry_id=entry_id, list=list_name, field=field, value=value, expires_at_ms=expires_at_ms)


@pytest.mark.parametrize(
    ("value", "field"),
    [("card_x", "card_id"), ("usr_x", "user_id"), ("dev_x", "device_id"), (EMAIL, "email_hash")],
)
def test_every_field_is_looked_up(value: str, field: ListField) -> None:
    given = facts(card_id="card_x", user_id="usr_x", device_id="dev_x", email_hash=EMAIL)
    assert Entries(3, [an_entry(value)]).match(given) == ListHit(
        entry_id="entry_a", list="block", field=field
    )
    assert Entries(3, [an_entry(value)]).match(facts()) is None


def test_no_list_is_no_hit() -> None:
    assert Entries(5).match(facts()) is None
    assert Entries(5).version == 5


def test_lists_hold_without_features_too() -> None:
    assert Entries(1, [an_entry("card_x")]).match(bare_facts(card_id="card_x"))


def test_block_goes_before_allow() -> None:
    entries = [an_entry("card_x", "allow", "entry_a"), an_entry("usr_x", "block", "entry_b")]
    hit = Entries(1, entries).match(facts(card_id="card_x", user_id="usr_x"))
    assert hit == ListHit(entry_id="entry_b", list="block", field="user_id")


def test_allow_holds_when_nothing_blocks() -> None:
    hit = Entries(1, [an_entry("usr_x", "allow")]).match(facts(user_id="usr_x"))
    assert hit == ListHit(entry_id="entry_a", list="allow", field="user_id")


@pytest.mark.parametrize(("expires_at_ms", "holds"), [(NOW_MS + 1, True), (NOW_MS, False), (None, True)])
def test_an_entry_ends_at_the_time_of_the_decision(expires_at_ms: int | None, holds: bool) -> None:
    book = Entries(1, [an_entry("card_x", expires_at_ms=expires_at_ms)])
    assert bool(book.match(facts(card_id="card_x"))) is holds


def test_an_expired_block_does_not_hide_an_allow() -> None:
    entries = [an_entry("card_x", expires_at_ms=NOW_MS), an_entry("card_x", "allow", "entry_b")]
    hit = Entries(1, entries).match(facts(card_id="card_x"))
    assert hit
    assert hit.list == "allow"


def test_a_change_makes_another_book() -> None:
    before = Entries(1, [an_entry("card_x"), an_entry("usr_x", entry_id="entry_b")])
    after = before.changed(2, removed=[an_entry("card_x")], added=[an_entry("dev_x", entry_id="entry_c")])
    assert (len(before), before.version, len(after), after.version) == (2, 1, 2, 2)
    assert after.match(facts(card_id="card_x")) is None
    assert after.match(facts(device_id="dev_x"))
    assert before.match(facts(card_id="card_x"))


def test_an_old_entry_that_goes_does_not_take_its_successor_along() -> None:
    book = Entries(1, [an_entry("card_x", entry_id="entry_b")])
    assert len(book.changed(2, removed=[an_entry("card_x", entry_id="entry_a")], added=[])) == 1


@pytest.mark.parametrize(
    "value",
    ["", "card_", "CARD_a", "card_a b", "card_a\n", "txn_a", "a@b.example", "emh_a", f"emh_{'a' * 51}1",
     "card_4111111111111111", f"card_{'a' * 65}", "usr_a;drop"],
)  # fmt: skip
def test_what_is_no_id_is_refused_without_repeating_it(value: str) -> None:
    with pytest.raises(ListRefused, match="no id that a list can hold") as refusal:
        field_of(value)
    assert "4111" not in str(refusal.value)
