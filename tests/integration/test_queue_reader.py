"""What the queue reads, from alerts that the ledger's own trigger raised."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from msgspec import structs
from queue_rows import ADD_RULES, ARRIVE, fill, run, soon, stand, values_of

from app.desk.desk import Desk
from app.desk.errors import NotAllowed
from app.desk.exporting import Exporting
from dashboard.database import open_pool, open_writing_pool
from dashboard.views.queue import reader as module
from dashboard.views.queue.cells import suspected
from dashboard.views.queue.filters import Assignee, Filters
from dashboard.views.queue.reader import PAGE_ROWS, QueueReader
from dashboard.views.queue.rows import AlertRow, Cursor, Page
from domain.decision import Verdict

Conninfo = Callable[[str], str]
OWNER = "faregate_owner"
CLOSE_MOST = """
update alerts set closed_at = now(), closed_by = 'lea', resolution = 'good'
where right(decision_id, 1)::int > 2
"""
# These are about all that match: of a table this small reading the whole is cheapest, so that the test can
# only ask whether there is another way.
ABOUT_ALL = {"extent", "whole_queue", "lately_open"}
BEST_FIRST = "select decision_id from alerts order by worth desc, decision_id"


@pytest.fixture
def owner(conninfo: Conninfo) -> str:
    return conninfo(OWNER)


@pytest.fixture
def reader(conninfo: Conninfo) -> Iterator[QueueReader]:
    with open_pool(conninfo("faregate_console")) as pool:
        yield QueueReader(pool)


def ids(page: Page) -> list[str]:
    return [row.decision_id for row in page.rows]


def place(row: AlertRow, *, backwards: bool = False) -> Cursor:
    assert row.worth is not None
    return Cursor(worth=row.worth, decision_id=row.decision_id, backwards=backwards)


def test_an_empty_queue_reads_as_nothing(reader: QueueReader) -> None:
    page = reader.page(Filters(), None, "ana")
    assert (page.rows, page.total, page.ahead) == ([], 0, 0)
    look = reader.look(Filters(), "ana", since=page.taken_at, known=[], shown=[])
    assert (look.arrived, look.states) == (0, [])
    assert reader.next_open(None, Filters(), "ana") is None
    assert reader.find("usr_1").rows == []
    assert reader.choices().zones == []


def test_pages_follow_the_money_both_ways(owner: str, reader: QueueReader) -> None:
    fill(owner, 100)
    best = values_of(owner, BEST_FIRST)

    first = reader.page(Filters(), None, "ana")
    second = reader.page(Filters(), place(first.rows[-1]), "ana")
    last = reader.page(Filters(), place(second.rows[-1]), "ana")
    back = reader.page(Filters(), place(last.rows[0], backwards=True), "ana")

    assert [ids(first), ids(second), ids(last)] == [best[:25], best[25:50], best[50:]]
    assert ids(back) == ids(second)
    assert [page.ahead for page in (first, second, last, back)] == [0, 25, 50, 25]
    assert first.total == 75
    assert first.rows[0].sentence == f"reason of {int(first.rows[0].decision_id[4:])}"


def test_every_filter_finds_its_own(owner: str, reader: QueueReader) -> None:
    fill(owner, 40)
    stand(owner, "dec_00001", assignee="ana", claimed_until=soon(9))
    stand(owner, "dec_00002", assignee="lea", claimed_until=soon(-9))
    stand(owner, "dec_00003", escalated_at=soon(0))

    def found(**filters: Any) -> set[int]:
        page = reader.page(Filters(**filters), None, "ana")
        return {int(decision_id[4:]) for decision_id in ids(page)}

    assert found(verdicts=(Verdict.REVIEW, Verdict.DECLINE), newer_min=8) == {1, 5, 7}
    assert found(older_min=35) == {35, 37, 38, 39}
    assert found(amount_from_minor=1_050, amount_to_minor=1_070) == {5, 6, 7}
    assert found(zone="zone_7") == {7, 19, 31}
    assert found(model="mdl_2", newer_min=6) == {2, 5}
    assert found(rule="house_rule") == {5, 15, 25, 35}
    assert found(assignee=Assignee.MINE) == {1}
    assert found(assignee=Assignee.ESCALATED) == {3}
    assert found(assignee=Assignee.NOBODY, newer_min=6) == {2, 5}
    assert found(zone="nowhere") == set()


@pytest.mark.parametrize("code", ["stolen_card", "promo_abuse", "other"])
def test_a_type_is_suspected_by_the_filter_as_by_the_row(owner: str, reader: QueueReader, code: str) -> None:
    fill(owner, 30)
    run(owner, ADD_RULES, rule_ids=["promo_farm", "house_rule"])
    stand(owner, "dec_00001", lead_reason=None)
    shown = reader.page(Filters(), None, "ana").rows
    of_type = [row.decision_id for row in shown if suspected(row) == code]
    assert of_type
    assert ids(reader.page(Filters(fraud_type=code), None, "ana")) == of_type


def test_what_is_put_aside_or_closed_is_out_and_leads_see_the_escalated(
    owner: str, reader: QueueReader
) -> None:
    fill(owner, 8)
    stand(owner, "dec_00001", snoozed_until=soon(60))
    stand(owner, "dec_00002", snoozed_until=soon(-60))
    stand(owner, "dec_00003", escalated_at=soon(0))
    stand(owner, "dec_00005", closed_at=soon(0), closed_by="lea", resolution="good")
    assert set(ids(reader.page(Filters(), None, "ana"))) == {"dec_00002", "dec_00006", "dec_00007"}
    assert set(ids(reader.page(Filters(), None, "tom"))) == {
        "dec_00002", "dec_00003", "dec_00006", "dec_00007",
    }  # fmt: skip


def test_new_arrivals_are_counted_and_shown_rows_looked_at(owner: str, reader: QueueReader) -> None:
    fill(owner, 6)
    page = reader.page(Filters(), None, "ana")

    def look(filters: Filters = Filters()) -> Any:  # noqa: B008 - it is frozen
        return reader.look(filters, "ana", since=page.taken_at, known=page.known, shown=ids(page))

    assert look().arrived == 0
    run(owner, ARRIVE, many=3, at=soon(-1 / 30))
    stand(owner, "dec_00002", assignee="lea", revision=1)
    seen = look()
    assert seen.arrived == 3
    assert {state.decision_id for state in seen.states} == set(ids(page))
    [taken] = [state for state in seen.states if state.assignee]
    assert (taken.decision_id, taken.assignee, taken.revision) == ("dec_00002", "lea", 1)
    assert look(Filters(verdicts=(Verdict.DECLINE,))).arrived == 0
    again = reader.page(Filters(), None, "ana")
    assert set(again.known) == {"dec_new1", "dec_new2", "dec_new3"}
    assert reader.look(Filters(), "ana", since=again.taken_at, known=again.known, shown=[]).arrived == 0


def test_the_next_case_is_the_best_that_nobody_else_works_on(owner: str, reader: QueueReader) -> None:
    fill(owner, 12)
    best = values_of(owner, BEST_FIRST)
    stand(owner, best[1], assignee="lea", claimed_until=soon(9))
    stand(owner, best[2], snoozed_until=soon(9))
    stand(owner, best[3], assignee="ana", claimed_until=soon(9))
    stand(owner, best[4], closed_at=soon(0), closed_by="ana", resolution="good")
    assert reader.next_open(None, Filters(), "ana") == best[0]
    assert reader.next_open(best[0], Filters(), "ana") == best[3]
    assert reader.next_open(best[4], Filters(), "ana") == best[5]  # from a case that is closed by now
    assert reader.next_open(best[-1], Filters(), "ana") == best[0]  # from the top again
    assert reader.next_open("dec_nobody", Filters(), "ana") == best[0]
    only = Filters(zone=reader.find(best[0]).rows[0].pickup_zone, verdicts=(Verdict.REVIEW,))
    assert reader.next_open(best[0], only, "ana") in (None, *best[5:])


def test_any_id_finds_open_closed_and_plain(owner: str, reader: QueueReader) -> None:
    fill(owner, 700)
    stand(owner, "dec_00302", closed_at=soon(0), closed_by="lea", resolution="fraud")
    rider = reader.find("usr_2").rows
    assert [(row.decision_id, row.raised, row.closed_by) for row in rider] == [
        ("dec_00002", True, None),
        ("dec_00602", True, None),
        ("dec_00302", True, "lea"),
    ]
    plain = reader.find("txn_4").rows
    assert [(row.decision_id, row.raised, row.worth) for row in plain] == [("dec_00004", False, None)]
    assert plain[0].sentence == "reason of 4"
    for text in ("dec_00302", "card_302", "dev_302", "txn_302"):
        assert "dec_00302" in ids(reader.find(text))
    assert reader.find("dec_003").rows == []


def test_choices_and_names(owner: str, reader: QueueReader) -> None:
    fill(owner, 20)
    choices = reader.choices()
    assert choices.rules == ["house_rule", "promo_farm"]
    assert choices.models == ["mdl_0", "mdl_1", "mdl_2"]
    assert "zone_1" in choices.zones
    assert reader.names() == {"ana": "Ana", "lea": "Lea", "tom": "Tom"}


def test_a_file_is_written_down_by_the_role_as_it_is_now(
    owner: str, reader: QueueReader, conninfo: Conninfo
) -> None:
    fill(owner, 8)
    with open_writing_pool(conninfo("faregate_console")) as pool:
        exporting = Exporting(Desk(pool))

        def export(person_id: str) -> str:
            return exporting.queue(
                lambda: reader.whole(Filters(), person_id), person_id=person_id, secret=b"s", asked={}
            )

        assert "usr_1" in export("tom")
        assert "usr_1" not in export("ana")
        run(owner, "update people set disabled_at = now() where person_id = 'ana'")
        with pytest.raises(NotAllowed):
            export("ana")
    told = values_of(owner, "select details -> 'personal_data' from audit_trail order by audit_id")
    assert told == [True, False]


def test_nothing_is_read_row_by_row(owner: str, reader: QueueReader, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the planner sees it with 3,000 alerts, a third of them open, among 4,000 payments.

    Payments end at midnight and only tables with rows are analysed: of a day with a handful of payments, or
    none, the planner would know that reading it from end to end is cheapest.
    """
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    fill(owner, 4_000, until=midnight)
    run(owner, CLOSE_MOST)
    with psycopg.connect(owner, autocommit=True) as connection:
        partitions = connection.execute("select distinct tableoid::regclass::text from decisions").fetchall()
        with_rows = {"alerts", *(name for (name,) in partitions)}
        for name in with_rows:
            connection.execute(f"vacuum analyze {name}")
    plans = explained(monkeypatch)

    first = reader.page(Filters(), None, "ana")
    middle = place(first.rows[-1])
    reader.page(Filters(), middle, "ana")
    reader.page(Filters(zone="zone_7", verdicts=(Verdict.REVIEW,)), backwards(middle), "ana")
    reader.page(Filters(fraud_type="promo_abuse"), None, "ana")
    reader.look(Filters(), "ana", since=first.taken_at, known=first.known, shown=ids(first))
    reader.look(Filters(), "ana", since=first.taken_at - timedelta(hours=9), known=[], shown=ids(first))
    reader.next_open(first.rows[5].decision_id, Filters(assignee=Assignee.NOBODY), "ana")
    for text in ("usr_7", "card_7", "dev_7", "txn_7", first.rows[0].decision_id):
        reader.find(text)
    reader.choices()
    reader.whole(Filters(), "ana")

    assert len(first.rows) == PAGE_ROWS
    assert {name for name, _ in plans} >= {
        "page_after",
        "page_before",
        "extent",
        "look",
        "next_open",
        "find_by_id",
    }
    for name, relations in plans:
        read_whole = with_rows.intersection(relations)
        assert not read_whole, f"{name} reads {read_whole} row by row"


def backwards(cursor: Cursor) -> Cursor:
    return structs.replace(cursor, backwards=True)


def explained(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[str]]]:
    """The tables that each statement from now on reads from end to end."""
    plans: list[tuple[str, list[str]]] = []
    read = module._rows

    def explain(connection: Any, row: type[Any], name: str, values: Any) -> list[Any]:
        connection.execute(f"set enable_seqscan = {'off' if name in ABOUT_ALL else 'on'}")
        statement = b"explain (format json) " + module._with_filters(name)
        [(plan,)] = connection.execute(statement, values).fetchall()
        plans.append((name, list(scanned(plan if isinstance(plan, list) else json.loads(plan)))))
        return read(connection, row, name, values)

    monkeypatch.setattr(module, "_rows", explain)
    return plans


def scanned(node: Any) -> Iterator[str]:
    match node:
        case {"Node Type": "Seq Scan", "Relation Name": relation}:
            yield relation
        case list():
            for each in node:
                yield from scanned(each)
    if isinstance(node, dict):
        for each in node.values():
            if isinstance(each, dict | list):
                yield from scanned(each)
