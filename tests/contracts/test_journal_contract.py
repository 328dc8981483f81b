"""What every journal promises, asked of the fake and of the file."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes_journal import AT_MS, FakeJournal, an_entry
from msgspec import structs

from app.journal import SqliteJournal

Subject = FakeJournal | SqliteJournal


@pytest.fixture(params=["fake", "sqlite"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Subject]:
    made = FakeJournal() if request.param == "fake" else SqliteJournal(tmp_path / "journal.sqlite")
    yield made
    made.close()


def test_an_unknown_key_is_not_found(journal: Subject) -> None:
    assert journal.find("local", "key_unknown") is None


def test_the_first_claim_wins_and_is_found(journal: Subject) -> None:
    entry = an_entry()
    assert journal.claim(entry) == entry
    assert journal.find(entry.tenant, entry.key) == entry


def test_the_same_key_again_gets_what_came_before(journal: Subject) -> None:
    entry = an_entry()
    journal.claim(entry)
    later = an_entry(key=entry.key, reply=b"another", fingerprint=b"g" * 32)
    assert journal.claim(later) == entry
    assert journal.pending(AT_MS + 1, 10) == [entry]


def test_the_same_transaction_under_another_key_gets_what_came_before(journal: Subject) -> None:
    entry = an_entry()
    journal.claim(entry)
    assert journal.claim(an_entry(transaction_id=entry.transaction_id)) == entry


def test_tenants_have_keys_of_their_own(journal: Subject) -> None:
    ours, theirs = an_entry(key="key_a"), an_entry(key="key_a", tenant="other")
    assert journal.claim(ours) == ours
    assert journal.claim(theirs) == theirs
    assert journal.find("other", "key_a") == theirs


def test_what_is_kept_waits_no_more_and_answers_the_same(journal: Subject) -> None:
    entry = journal.claim(an_entry())
    journal.mark_kept(entry)
    assert journal.pending(AT_MS + 1, 10) == []
    assert journal.find(entry.tenant, entry.key) == structs.replace(entry, row=None)


def test_the_reply_that_postgresql_has_replaces_ours_at_once(journal: Subject) -> None:
    entry = journal.claim(an_entry())
    journal.mark_kept(structs.replace(entry, reply=b"the first of all"))
    found = journal.find(entry.tenant, entry.key)
    assert found is not None
    assert found.reply == b"the first of all"
    assert journal.claim(entry).reply == b"the first of all"


def test_a_key_that_only_postgresql_knew_is_remembered(journal: Subject) -> None:
    entry = an_entry()
    journal.mark_kept(entry)
    assert journal.claim(entry) == structs.replace(entry, row=None)


def test_pending_are_the_oldest_so_many_from_before(journal: Subject) -> None:
    entries = [journal.claim(an_entry(at_ms=AT_MS + n)) for n in range(5)]
    assert journal.pending(AT_MS + 3, 2) == entries[:2]
    assert journal.pending(AT_MS + 3, 10) == entries[:3]
    assert journal.waiting() == 5


async def _secure(journal: Subject) -> None:
    journal.claim(an_entry())
    await journal.secure()


@pytest.mark.anyio
async def test_secure_returns(journal: Subject) -> None:
    await _secure(journal)
    await _secure(journal)


def test_old_keys_are_forgotten_and_what_waits_is_not(journal: Subject) -> None:
    old, young, waits = (an_entry(at_ms=at) for at in (AT_MS, AT_MS + 10, AT_MS))
    for entry in (old, young, waits):
        journal.claim(entry)
    journal.mark_kept(old)
    journal.mark_kept(young)
    journal.flush()
    assert journal.waiting() == 1
    assert journal.forget(AT_MS + 5) == 1
    assert journal.find(old.tenant, old.key) is None
    assert journal.find(young.tenant, young.key) is not None
    assert journal.find(waits.tenant, waits.key) == waits
