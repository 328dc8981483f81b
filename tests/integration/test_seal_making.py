"""Rows are sealed once, in order, and a crash between database and file is healed."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import errors
from sealed_ledger import ADD_DECISION, SealedLedger

from app.keeper import sealer as sealing
from app.keeper.heads import Head
from app.keeper.sealer import LedgerSetBack

Conninfo = Callable[[str], str]


@pytest.fixture
def ledger(conninfo: Conninfo, tmp_path: Path) -> Iterator[SealedLedger]:
    made = SealedLedger(conninfo, tmp_path)
    yield made
    made.close()


def numbers(ledger: SealedLedger) -> list[int]:
    return [number for (number,) in ledger.owner.execute("select number from seals order by number")]


def heads(ledger: SealedLedger) -> list[Head]:
    return ledger.heads.after(0)


def test_nothing_makes_no_seal(ledger: SealedLedger) -> None:
    assert ledger.seal() == 0
    assert (numbers(ledger), heads(ledger)) == ([], [])


def test_each_row_is_sealed_once(ledger: SealedLedger) -> None:
    assert ledger.seal("a", "b") == 2
    assert ledger.seal() == 0
    ledger.add_outcome("a")
    ledger.add_label("a")
    assert ledger.seal("c") == 3
    assert numbers(ledger) == [1, 2] == [head.number for head in heads(ledger)]


def test_a_transaction_that_is_not_ended_is_waited_for(ledger: SealedLedger, conninfo: Conninfo) -> None:
    """Its rows would come after their place; so would the rows of all that began after it."""
    with psycopg.connect(conninfo("faregate_owner")) as slow:
        slow.execute(ADD_DECISION, [["slow"]])
        ledger.add("fast")
        assert ledger.seal() == 0
        slow.commit()
    assert ledger.seal() == 2
    assert ledger.verify().found == {}


def test_what_was_rolled_back_holds_nothing_up(ledger: SealedLedger, conninfo: Conninfo) -> None:
    with psycopg.connect(conninfo("faregate_owner")) as undone:
        undone.execute(ADD_DECISION, [["undone"]])
        undone.rollback()
    assert ledger.seal("a") == 1


def test_a_large_transaction_is_sealed_in_parts(
    ledger: SealedLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "MOST_ROWS", 3)
    ledger.add(*"abcdefg")
    ledger.add("h")
    assert [ledger.sealer.turn() for _ in range(4)] == [3, 3, 2, 0]
    ledger.restarted()
    assert ledger.seal("i") == 1
    verified = ledger.verify()
    assert (verified.rows, verified.found) == (9, {})


def test_tampering_within_a_part_is_placed(ledger: SealedLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "MOST_ROWS", 3)
    ledger.add(*"abcdefg")
    while ledger.sealer.turn():
        pass
    ledger.tamper("delete from decisions where decision_id = 'dec_f'")
    assert ledger.found() == {("row-removed", "decisions/dec_f")}


def test_a_head_that_a_crash_left_out_is_written(ledger: SealedLedger) -> None:
    ledger.seal("a")
    ledger.seal("b")
    before = ledger.heads.path.read_bytes()
    ledger.heads.path.write_bytes(before.splitlines(keepends=True)[0])
    ledger.restarted()
    assert ledger.heads.path.read_bytes() == before


def test_the_very_first_head_that_a_crash_left_out_is_written(ledger: SealedLedger) -> None:
    ledger.seal("a")
    ledger.heads.path.unlink()
    ledger.restarted()
    assert ledger.verify().found == {}


def test_a_seal_that_the_database_lost_is_made_again(ledger: SealedLedger) -> None:
    ledger.seal("a")
    ledger.seal("b", "c")
    ledger.add("d")
    ledger.tamper("delete from seals where number = 2")
    ledger.restarted()
    assert numbers(ledger) == [1, 2]
    assert ledger.verify().found == {}
    assert ledger.seal() == 1


def test_a_line_torn_by_a_crash_is_cut_off(ledger: SealedLedger, caplog: pytest.LogCaptureFixture) -> None:
    ledger.seal("a")
    ledger.seal("b")
    ledger.heads.path.write_bytes(ledger.heads.path.read_bytes()[:-20])
    ledger.restarted()
    assert "ended within a line" in caplog.text
    assert [head.number for head in heads(ledger)] == [1, 2]
    assert ledger.verify().found == {}


def test_a_file_that_cannot_be_written_is_caught_up_with(
    ledger: SealedLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: Head) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(ledger.heads, "append", fails)
        with pytest.raises(OSError, match="No space"):
            ledger.seal("a")
    ledger.restarted()
    ledger.seal("b")
    assert ledger.verify().found == {}


@pytest.mark.parametrize("kept", [0, 1])
def test_more_lines_than_a_crash_can_cost_are_not_written_again(
    ledger: SealedLedger, caplog: pytest.LogCaptureFixture, kept: int
) -> None:
    """Somebody cut the file: what is gone stays told."""
    for name in "abc":
        ledger.seal(name)
    lines = ledger.heads.path.read_bytes().splitlines(keepends=True)
    ledger.heads.path.write_bytes(b"".join(lines[:kept]))
    ledger.restarted()
    assert "lines were cut off" in caplog.text
    ledger.seal("d")
    assert ledger.verify().found == {"head-missing": 3 - kept}


def test_seals_whose_rows_are_gone_are_not_made_again(
    ledger: SealedLedger, caplog: pytest.LogCaptureFixture
) -> None:
    ledger.seal("a")
    ledger.seal("b")
    ledger.tamper("delete from seals where number = 2")
    ledger.tamper("delete from decisions where decision_id = 'dec_b'")
    ledger.restarted()
    assert "its rows do not give" in caplog.text
    ledger.seal("c")
    assert set(ledger.verify().found) == {"seal-rewritten", "heads-set-back"}


def test_another_head_of_the_same_seal_is_told_at_start(
    ledger: SealedLedger, caplog: pytest.LogCaptureFixture
) -> None:
    ledger.seal("a")
    [head] = heads(ledger)
    ledger.heads.path.write_text(ledger.heads.path.read_text().replace(head.head, "0" * 64))
    with caplog.at_level(logging.ERROR):
        ledger.restarted()
    assert "differs from" in caplog.text


def test_a_database_that_counts_transactions_anew_is_not_sealed(ledger: SealedLedger) -> None:
    ledger.seal("a")
    ledger.tamper("update seals set to_xact = '99999999999999'")
    ledger.restarted()
    with pytest.raises(LedgerSetBack, match="restored from a dump"):
        ledger.seal("b")


def test_times_are_sealed_alike_under_any_setting(ledger: SealedLedger) -> None:
    ledger.seal("a")
    ledger.tamper("alter database faregate set timezone = 'Asia/Tokyo'")
    ledger.tamper("alter database faregate set datestyle = 'German'")
    try:
        assert ledger.verify().found == {}
    finally:
        ledger.tamper("alter database faregate reset all")


@pytest.mark.parametrize(
    "statement", ["update seals set rows = 1", "delete from seals", "delete from decisions"]
)
def test_the_keeper_can_alter_nothing(ledger: SealedLedger, statement: str) -> None:
    ledger.seal("a")
    with pytest.raises(errors.InsufficientPrivilege):
        ledger.keeper.execute(statement.encode())
