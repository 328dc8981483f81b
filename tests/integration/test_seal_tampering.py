"""Whatever is altered in a sealed ledger is told, and where."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sealed_ledger import SealedLedger

from app.keeper import ledger_rows
from app.keeper.ledger_rows import connect
from app.keeper.seal import FORMAT, Seal, with_head
from app.keeper.verification import verify


@pytest.fixture
def ledger(conninfo: Callable[[str], str], tmp_path: Path) -> Iterator[SealedLedger]:
    """Four seals: of two decisions, an outcome with a label, two decisions, and one."""
    made = SealedLedger(conninfo, tmp_path)
    made.seal("a", "b")
    made.add_outcome("a")
    made.add_label("b")
    made.seal()
    made.seal("c", "d")
    made.seal("e")
    yield made
    made.close()


def test_an_untouched_ledger_is_as_it_was_sealed(ledger: SealedLedger) -> None:
    verified = ledger.verify()
    assert (verified.seals, verified.rows, verified.unsealed) == (4, 7, 0)
    assert verified.findings == []
    newest = ledger.heads.newest()
    assert newest is not None
    assert (verified.number, verified.head) == (4, newest.head)


def test_rows_that_wait_for_a_seal_are_counted(ledger: SealedLedger) -> None:
    ledger.add("f", "g")
    verified = ledger.verify()
    assert (verified.unsealed, verified.found) == (2, {})


@pytest.mark.parametrize(
    "change",
    [
        "verdict = 'decline'",
        "amount_minor = amount_minor + 1",
        "probability = 0.012300000000000003",
        "probability = null",
        "decided_at = decided_at + interval '1 microsecond'",
        "vector = '\\x0103'",
        'evidence = \'{"normals": {"a": 1.5}}\'',
        "rung_reason = ''",
        "sandbox = true",
        "reply = '[]'",
    ],
)
def test_an_altered_column_is_found(ledger: SealedLedger, change: str) -> None:
    ledger.tamper(" ".join(["update decisions set", change, "where decision_id = 'dec_c'"]))
    assert ledger.found() == {("row-altered", "decisions/dec_c")}


def test_altered_outcomes_and_labels_are_found(ledger: SealedLedger) -> None:
    ledger.tamper("update outcomes set outcome = 'refunded'")
    ledger.tamper("update labels set label = 'good'")
    assert ledger.found() == {("row-altered", "outcomes/out_a"), ("row-altered", "labels/lab_b")}


def test_a_removed_row_is_found(ledger: SealedLedger) -> None:
    ledger.tamper("delete from decisions where decision_id = 'dec_d'")
    assert ledger.found() == {("row-removed", "decisions/dec_d")}


def test_a_row_slipped_into_the_past_is_found(ledger: SealedLedger) -> None:
    ledger.add("late")
    ledger.tamper(
        "update decisions set xact = (select xact from decisions where decision_id = 'dec_c') "
        "where decision_id = 'dec_late'"
    )
    assert ledger.found() == {("row-added", "decisions/dec_late")}


def test_a_row_doubled_under_its_id_is_found(ledger: SealedLedger) -> None:
    ledger.tamper(
        "insert into decisions select (jsonb_populate_record(d, jsonb_build_object("
        "'decided_at', decided_at + interval '1 ms'))).* from decisions d where decision_id = 'dec_c'"
    )
    assert ("row-added", "decisions/dec_c") in ledger.found()


def test_two_rows_that_changed_places_are_found(ledger: SealedLedger) -> None:
    ledger.tamper(
        "update decisions set decision_id = case decision_id when 'dec_c' then 'dec_d' else 'dec_c' end "
        "where decision_id in ('dec_c', 'dec_d')"
    )
    assert ledger.found() == {("row-altered", "decisions/dec_c"), ("row-altered", "decisions/dec_d")}


def test_a_row_moved_to_another_seal_is_found(ledger: SealedLedger) -> None:
    ledger.tamper(
        "update decisions set xact = (select xact from decisions where decision_id = 'dec_e') "
        "where decision_id = 'dec_c'"
    )
    assert ledger.found() == {("row-altered", "decisions/dec_c")}


def test_a_row_moved_behind_the_seals_is_found(ledger: SealedLedger) -> None:
    ledger.tamper("update decisions set xact = pg_current_xact_id() where decision_id = 'dec_c'")
    assert ledger.found() == {("row-altered", "decisions/dec_c")}


def test_an_altered_seal_is_found(ledger: SealedLedger) -> None:
    ledger.tamper(
        "update seals set hashes = set_byte(hashes, 0, (get_byte(hashes, 0) + 1) % 256) where number = 3"
    )
    assert ("seal-altered", "seal 3") in ledger.found()


def test_the_time_of_a_seal_cannot_be_altered(ledger: SealedLedger) -> None:
    ledger.tamper("update seals set sealed_at = sealed_at - interval '1 hour' where number = 2")
    assert ledger.found() == {("seal-altered", "seal 2")}


@pytest.mark.parametrize("number", [1, 2, 4])
def test_a_removed_seal_is_found(ledger: SealedLedger, number: int) -> None:
    ledger.tamper("delete from seals where number = %s", number)
    assert ("seal-removed", f"seal {number}") in ledger.found()


def test_rows_whose_seal_was_removed_are_told(ledger: SealedLedger) -> None:
    ledger.tamper("delete from seals where number = 3")
    assert "rows-without-seal" in ledger.verify().found


def test_all_seals_removed_is_found(ledger: SealedLedger) -> None:
    ledger.tamper("delete from seals")
    assert ledger.verify().found == {"seal-removed": 4}


def test_a_consistently_rewritten_chain_differs_from_the_heads(ledger: SealedLedger) -> None:
    """Somebody with all rights in the database alters a row and computes every seal anew."""
    ledger.tamper("update decisions set verdict = 'decline' where decision_id = 'dec_c'")
    _rewrite(ledger)
    assert ledger.found() == {("seal-rewritten", "seal 3"), ("seal-rewritten", "seal 4")}


def _rewrite(ledger: SealedLedger) -> None:
    rows = ledger_rows.next_rows(ledger.keeper, ledger_rows.Position(0), 2**62, 100, FORMAT)
    digests = {row.id: row.digest for row in rows}
    previous = bytes(32)
    for number in range(1, 5):
        seal = _seal(ledger, number)
        hashes = b"".join(digests[name] for name in seal.ids)
        values = {name: getattr(seal, name) for name in seal.__struct_fields__}
        seal = with_head(Seal(**{**values, "hashes": hashes, "previous": previous}))
        ledger.owner.execute(
            "update seals set hashes = %s, previous = %s, head = %s where number = %s",
            [hashes, previous, seal.head, number],
        )
        previous = seal.head


def _seal(ledger: SealedLedger, number: int) -> Seal:
    cursor = ledger.keeper.cursor(row_factory=ledger_rows.class_row(Seal), binary=True)
    return next(seal for seal in cursor.execute(ledger_rows.query("seals")) if seal.number == number)


@pytest.mark.parametrize(
    ("kept", "missing"), [((0, 3), {4}), ((1, 4), {1}), ((0, 0), {1, 2, 3, 4})], ids=["end", "start", "all"]
)
def test_a_cut_heads_file_is_found(ledger: SealedLedger, kept: tuple[int, int], missing: set[int]) -> None:
    lines = ledger.heads.path.read_bytes().splitlines(keepends=True)
    ledger.heads.path.write_bytes(b"".join(lines[slice(*kept)]))
    assert ledger.found() == {("head-missing", f"seal {number}") for number in missing}


def test_a_keeper_may_seal_while_its_ledger_is_verified(ledger: SealedLedger) -> None:
    seals = 0

    def seal_more(*_: int) -> None:
        nonlocal seals
        seals += 1
        ledger.seal(f"meanwhile_{seals}")

    with connect("audit", ledger.conninfo("faregate_console")) as connection:
        verified = verify(connection, ledger.heads, seal_more)
    assert (verified.seals, verified.found) == (4, {})
    assert ledger.verify().seals == 8


def test_a_line_that_comes_a_moment_after_its_seal_is_waited_for(ledger: SealedLedger) -> None:
    content = ledger.heads.path.read_bytes()
    ledger.heads.path.write_bytes(b"".join(content.splitlines(keepends=True)[:3]))
    timer = threading.Timer(0.3, ledger.heads.path.write_bytes, [content])
    timer.start()
    try:
        assert ledger.verify().found == {}
    finally:
        timer.join()


def test_a_heads_file_that_is_gone_is_found(ledger: SealedLedger) -> None:
    ledger.heads.path.unlink()
    assert ledger.verify().found == {"head-missing": 4}


def test_an_edited_head_is_found(ledger: SealedLedger) -> None:
    lines = ledger.heads.path.read_text().splitlines(keepends=True)
    head = ledger.heads.after(1)[0].head
    ledger.heads.path.write_text("".join(lines).replace(head, "0" * 64))
    assert ledger.found() == {("seal-rewritten", "seal 2")}


def test_a_line_that_cannot_be_read_is_found(ledger: SealedLedger) -> None:
    lines = ledger.heads.path.read_text().splitlines(keepends=True)
    ledger.heads.path.write_text("".join([lines[0], "not a head\n", *lines[2:]]))
    assert ledger.found() == {("head-unreadable", "heads.jsonl line 2"), ("head-missing", "seal 2")}


def test_a_head_named_twice_is_found(ledger: SealedLedger) -> None:
    with ledger.heads.path.open("ab") as file:
        file.write(ledger.heads.path.read_bytes().splitlines(keepends=True)[1])
    assert ledger.found() == {("heads-set-back", "heads.jsonl line 5")}


def test_a_column_added_later_breaks_no_seal(ledger: SealedLedger) -> None:
    ledger.tamper("alter table decisions add column colour text default 'red'")
    try:
        assert ledger.found() == set()
        ledger.seal("f")
        assert ledger.found() == set()
    finally:
        ledger.tamper("alter table decisions drop column colour")


def test_a_format_of_a_later_release_is_told(ledger: SealedLedger) -> None:
    ledger.tamper("update seals set format = 77 where number = 4")
    assert {("seal-unreadable", "seal 4"), ("seal-altered", "seal 4")} <= ledger.found()


def test_a_ledger_restored_where_transactions_count_anew_is_told(ledger: SealedLedger) -> None:
    """As after a dump: the seals' transactions lie in this cluster's future."""
    seal = _seal(ledger, 4)
    values = {name: getattr(seal, name) for name in seal.__struct_fields__}
    moved = with_head(Seal(**{**values, "to_xact": seal.to_xact + 10**9}))
    ledger.owner.execute(
        "update seals set to_xact = %s::text::xid8, head = %s where number = 4",
        [str(moved.to_xact), moved.head],
    )
    assert ("ids-set-back", "seal 4") in ledger.found()
