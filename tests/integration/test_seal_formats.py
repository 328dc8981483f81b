"""Seals of this release and of the one before, in one chain."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sealed_ledger import SealedLedger

from app.keeper import sealer as sealing


@pytest.fixture
def ledger(conninfo: Callable[[str], str], tmp_path: Path) -> Iterator[SealedLedger]:
    made = SealedLedger(conninfo, tmp_path)
    yield made
    made.close()


@pytest.fixture
def mixed(ledger: SealedLedger, monkeypatch: pytest.MonkeyPatch) -> SealedLedger:
    """Two seals of format 1, then two of format 2, each of a decision and its label."""
    for format_ in (1, 1, 2, 2):
        monkeypatch.setattr(sealing, "FORMAT", format_)
        name = f"of_{format_}_{ledger.restarted().number}"
        ledger.add(name)
        ledger.add_label(name)
        ledger.seal()
    monkeypatch.undo()
    return ledger


def formats(ledger: SealedLedger) -> list[int]:
    return [found for (found,) in ledger.owner.execute("select format from seals order by number")]


def test_new_seals_have_the_new_format(ledger: SealedLedger) -> None:
    ledger.seal("a")
    assert formats(ledger) == [2]
    assert ledger.verify().found == {}


def test_a_chain_of_both_formats_is_verified(mixed: SealedLedger) -> None:
    assert formats(mixed) == [1, 1, 2, 2]
    verified = mixed.verify()
    assert (verified.rows, verified.found) == (8, {})


@pytest.mark.parametrize("format_", [1, 2])
def test_a_rewritten_row_is_found_in_either(mixed: SealedLedger, format_: int) -> None:
    mixed.tamper("update decisions set score = 1 where decision_id like %s", f"dec_of_{format_}%")
    assert {kind for kind, _ in mixed.found()} == {"row-altered"}
    assert all(where.startswith(f"decisions/dec_of_{format_}") for _, where in mixed.found())


def test_the_new_columns_are_sealed_from_the_new_format_on(mixed: SealedLedger) -> None:
    mixed.tamper("update decisions set ring_epoch = 1, ring_version = 7")
    mixed.tamper("update labels set fraud_type = 'stolen_card'")
    assert mixed.found() == {
        ("row-altered", f"{place}of_2_{number}")
        for place in ("decisions/dec_", "labels/lab_")
        for number in (2, 3)
    }


def test_a_lost_seal_of_the_old_format_is_made_again_as_it_was(
    ledger: SealedLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "FORMAT", 1)
    ledger.seal("a")
    monkeypatch.undo()
    ledger.tamper("delete from seals")
    ledger.restarted()
    ledger.seal("b")
    assert formats(ledger) == [1, 2]
    assert ledger.verify().found == {}
