"""The queue's logic, run without a browser on alerts from memory."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec import structs
from queue_factories import (
    ANA,
    NAMES,
    CasesInMemory,
    a_look,
    a_queue_page,
    a_queue_row,
    ago,
    some_choices,
    soon,
    state_of,
)
from streamlit.testing.v1 import AppTest

from app.desk.case_state import Resolution
from dashboard import shell
from dashboard.reading import ReadingsUnavailable
from dashboard.views.queue import keys
from dashboard.views.queue.filters import Assignee, Filters
from dashboard.views.queue.keys import Act, Action
from dashboard.views.queue.rows import Cursor, Look, Page
from dashboard.views.queue.source import Source
from domain.decision import Verdict


def page(source: object, person: object) -> None:
    from dashboard.views.queue import page as queue

    queue.show(source, person)


class Queue:
    """The page with a desk, alerts and a browser in memory."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.page = a_queue_page()
        self.look = a_look()
        self.acts: list[Act] = []
        self.marks: list[str] = []
        self.moved: dict[str, dict[str, str]] = {}
        self.asked: list[tuple[Filters, Cursor | None, str]] = []
        self.searched: list[str] = []
        self.cases = CasesInMemory.of(self.page)
        monkeypatch.setattr(keys, "listen", self._listen)
        monkeypatch.setattr(keys, "move_cells", self._move)

    def show(self, **address: str) -> AppTest:
        self.test = AppTest.from_function(page, args=(self._source(), ANA), default_timeout=30)
        for name, value in address.items():
            self.test.query_params[name] = value
        return self.run()

    def run(self, *acts: Act, marks: list[str] | None = None) -> AppTest:
        self.acts = list(acts)
        self.marks = self.marks if marks is None else marks
        self.test.run()
        assert not self.test.exception
        return self.test

    def text(self) -> str:
        return "\n".join(element.proto.body for element in self.test.get("html"))

    def _source(self) -> Source:
        return Source(
            page=self._page,
            look=lambda *_, **__: self.look,
            find=self._find,
            choices=some_choices,
            names=lambda: NAMES,
            cases=self.cases,
            export=lambda *_: "a,b",
        )

    def _page(self, filters: Filters, cursor: Cursor | None, person_id: str) -> Page:
        self.asked.append((filters, cursor, person_id))
        return self.page

    def _find(self, text: str) -> Page:
        self.searched.append(text)
        return self.page

    def _listen(
        self, take: Callable[[list[Act]], None], *, waiting: Callable[[], list[str]], **_: Any
    ) -> list[str]:
        acts, self.acts = self.acts, []
        take(acts)
        return [mark for mark in self.marks if mark in waiting()]

    def _move(self, rows: dict[str, dict[str, str]]) -> None:
        self.moved = rows


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Queue:
    return Queue(monkeypatch)


def press(action: Action, decision_id: str = "", revision: int = 0) -> Act:
    return Act(key=f"{action}{decision_id}", action=action, decision_id=decision_id, revision=revision)


def button(test: AppTest, key: str) -> Any:
    return test.button(key=key)


def keys_of(test: AppTest) -> list[str | None]:
    return [each.key for each in test.button]


def test_the_queue_is_shown_in_its_order(queue: Queue) -> None:
    queue.show()
    shown = queue.text()
    assert "1-2 of 2 open, most money at risk a minute of review first" in shown
    assert shown.index("data-row='dec_a'") < shown.index("data-row='dec_b'")
    assert queue.asked == [(Filters(), None, "ana")]


def test_the_address_filters_and_a_pill_takes_a_filter_away(queue: Queue) -> None:
    test = queue.show(
        verdict="declined", assignee="mine", type="stolen card", amount_from="20.0", zone="zone_far"
    )
    asked = Filters(
        verdicts=(Verdict.DECLINE,),
        assignee=Assignee.MINE,
        fraud_type="stolen_card",
        amount_from_minor=2_000,
        zone="zone_far",
    )
    assert queue.asked[-1][0] == asked
    button(test, "drop_type").click().run()
    assert queue.asked[-1][0] == structs.replace(asked, fraud_type=None)


def test_a_filter_that_matches_nothing_says_so_and_can_be_cleared(queue: Queue) -> None:
    queue.page = a_queue_page(rows=[], total=0)
    test = queue.show(zone="zone_b")
    assert "No open alert matches these filters." in queue.text()
    queue.page = a_queue_page()
    button(test, "queue_clear").click().run()
    assert queue.asked[-1][0] == Filters()
    assert "data-row='dec_a'" in queue.text()


def test_an_empty_queue_says_so(queue: Queue) -> None:
    queue.page = a_queue_page(rows=[], total=0)
    queue.show()
    assert "Nothing waits for you." in queue.text()


def test_rows_stay_until_new_ones_are_asked_for(queue: Queue) -> None:
    test = queue.show()
    queue.page, queue.look = a_queue_page(a_queue_row("dec_new")), a_look(arrived=12)
    queue.run()
    assert "dec_new" not in queue.text()
    new = button(test, "queue_new")
    assert new.label == "12 new · show"
    queue.look = a_look()
    new.click().run()
    assert "data-row='dec_new'" in queue.text()
    assert "queue_new" not in keys_of(test)


def test_who_comes_back_finds_the_queue_as_it_is_now(queue: Queue) -> None:
    test = queue.show()
    queue.page = a_queue_page(a_queue_row("dec_new"))
    test.session_state[shell.CAME] = True
    queue.run()
    assert "data-row='dec_new'" in queue.text()


def test_r_shows_new_arrivals(queue: Queue) -> None:
    queue.show(after="9.5~dec_x")
    assert queue.asked[-1][1] == Cursor(worth=9.5, decision_id="dec_x")
    queue.run(press(Action.RENEW))
    assert queue.asked[-1][1] is None


def test_what_others_did_moves_cells_and_no_row(queue: Queue) -> None:
    queue.show()
    assert queue.moved == {}
    taken = state_of(queue.page.rows[1], revision=1, assignee="lea", claimed_until=soon(minutes=15))
    queue.look = a_look(taken)
    queue.test.run()
    assert list(queue.moved) == ["dec_b"]
    assert "Lea" in queue.moved["dec_b"]["state"]


def test_a_deed_crosses_the_row_out_in_place(queue: Queue) -> None:
    queue.show()
    queue.run(press(Action.FRAUD, "dec_a"))
    shown = queue.text()
    assert "data-row='dec_a' class='fg-done' data-revision='1'" in shown
    assert "fraud: stolen card" in shown
    assert "Fraud, stolen card: $93.00 of usr_a." in shown
    assert shown.index("data-row='dec_a'") < shown.index("data-row='dec_b'")
    queue.run(press(Action.UNDO))
    assert "data-row='dec_a' class='fg-waiting' data-revision='2'" in queue.text()


def test_a_page_that_is_done_says_what_is_next(queue: Queue) -> None:
    queue.show()
    queue.run(press(Action.GOOD, "dec_a"), press(Action.GOOD, "dec_b"))
    assert "Everything on this page is done: R shows what is next." in queue.text()


def test_marked_rows_are_done_at_once_and_once(queue: Queue) -> None:
    queue.page = a_queue_page(
        a_queue_row("dec_a"), a_queue_row("dec_b", rule_ids=["promo_farm"]), a_queue_row("dec_c")
    )
    queue.cases.states.update({row.decision_id: state_of(row) for row in queue.page.rows})
    queue.cases.taken.add("dec_c")
    queue.show()
    test = queue.run(marks=["dec_a", "dec_b", "dec_c"])
    assert "3 marked" in queue.text()
    button(test, "bulk_fraud").click().run()
    kinds = {deed["decision_id"]: deed["fraud_type"] for _, _, deed in queue.cases.told}
    assert kinds == {"dec_a": "stolen_card", "dec_b": "promo_abuse"}
    assert "Fraud: 2 done, 1 not. Lea works on this case since 11:50: nothing was changed." in queue.text()
    assert "1 marked" in queue.text()
    queue.run(press(Action.UNDO), marks=[])
    assert queue.cases.states["dec_a"].closed_at is None
    assert queue.cases.states["dec_b"].closed_at is None


@pytest.mark.parametrize("name", ["claim", "good", "escalate", "put"])
def test_the_other_deeds_for_all_marked_rows(queue: Queue, name: str) -> None:
    queue.show()
    test = queue.run(marks=["dec_a", "dec_b"])
    button(test, f"bulk_{name}").click().run()
    assert [deed["decision_id"] for _, _, deed in queue.cases.told] == ["dec_a", "dec_b"]
    assert "2 done." in queue.text()


def test_a_search_finds_closed_cases_and_plain_payments(queue: Queue) -> None:
    closed = {"closed_at": ago(days=2), "closed_by": "lea", "resolution": Resolution.GOOD}
    plain = {"raised": False, "verdict": Verdict.APPROVE, "at_risk_minor": None, "worth": None}
    queue.page = a_queue_page(a_queue_row(), a_queue_row("dec_c", **closed), a_queue_row("dec_p", **plain))
    queue.show(q=" usr_a ")
    shown = queue.text()
    assert (queue.searched, queue.asked) == (["usr_a"], [])
    for piece in ("3 with this id", "<b>good</b><small>by Lea", "no alert", "A plain payment"):
        assert piece in shown


def test_a_search_for_nothing_known_says_how_to_go_on(queue: Queue) -> None:
    queue.page = a_queue_page(rows=[], total=0)
    test = queue.show(q="<txn>")
    assert "Nothing has the id &lt;txn&gt;." in queue.text()
    queue.page = a_queue_page()
    button(test, "queue_clear").click().run()
    assert "1-2 of 2 open" in queue.text()


def test_pages_lie_side_by_side(queue: Queue) -> None:
    queue.page = a_queue_page(a_queue_row("dec_k", worth=12.5), ahead=25, total=60)
    test = queue.show()
    assert "26-26 of 60 open" in queue.text()
    button(test, "page_next").click().run()
    assert queue.asked[-1][1] == Cursor(worth=12.5, decision_id="dec_k")
    button(test, "page_back").click().run()
    assert queue.asked[-1][1] == Cursor(worth=12.5, decision_id="dec_k", backwards=True)


def test_a_lost_database_is_a_sentence_with_a_way_forward(queue: Queue) -> None:
    def away(*_: object, **__: object) -> Look:
        raise ReadingsUnavailable("The database does not answer. See `faregate status`.")

    queue.show()
    queue._page = away  # type: ignore[assignment, method-assign]
    test = queue.show()
    assert "See <code>faregate status</code>." in queue.text()
    assert "queue_again" in keys_of(test)


def test_help_names_all_keys(queue: Queue) -> None:
    queue.show()
    queue.run(press(Action.HELP))
    assert "confirm fraud, of the suspected type" in queue.text()
