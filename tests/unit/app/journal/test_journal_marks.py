"""What is remembered of claims is bounded, and forgotten when it means nothing any more."""

import pytest
from fakes_journal import an_entry
from msgspec import structs

from app.journal import marks
from app.journal.marks import Marked, MarkedKept, Placements


def test_a_claim_is_placed_once() -> None:
    placements, entry = Placements(), an_entry()
    placements.add(entry, 7)
    assert placements.take(structs.replace(entry, row=None)) == 7
    assert placements.take(entry) is None


@pytest.mark.parametrize("other", [{"reply": b"another"}, {"fingerprint": b"g" * 32}])
def test_a_claim_that_postgresql_has_otherwise_must_be_looked_up(other: dict[str, bytes]) -> None:
    placements, entry = Placements(), an_entry()
    placements.add(entry, 7)
    assert placements.take(structs.replace(entry, **other)) is None


def test_placements_are_bounded_and_the_newest_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marks, "MOST_PLACED", 2)
    placements, claims = Placements(), [an_entry() for _ in range(3)]
    for place, entry in enumerate(claims, start=1):
        placements.add(entry, place)
    assert [placements.take(entry) for entry in claims] == [None, 2, 3]


def test_another_file_has_none_of_the_places() -> None:
    placements, marked, entry = Placements(), MarkedKept(), an_entry()
    placements.add(entry, 7)
    marked.add(Marked(entry, 8))
    placements.clear()
    marked.lose_places()
    assert placements.take(entry) is None
    assert marked.oldest(5) == [Marked(entry, None)]


def test_marks_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marks, "MOST_MARKED", 1)
    marked, kept, one_too_many = MarkedKept(), an_entry(), an_entry()
    marked.add(Marked(kept, 1))
    marked.add(Marked(one_too_many, 2))
    assert (kept.tenant, kept.key) in marked
    assert (one_too_many.tenant, one_too_many.key) not in marked


def test_a_mark_that_was_made_anew_meanwhile_stays() -> None:
    marked, entry = MarkedKept(), an_entry()
    written, anew = Marked(entry, 1), Marked(structs.replace(entry, reply=b"another"), None)
    marked.add(written)
    marked.add(anew)
    marked.remove(written)
    assert marked.oldest(5) == [anew]
    marked.remove(anew)
    assert len(marked) == 0
