"""An analyst works cases with the keys alone; two meet on one case; what was done is done once."""

from itertools import cycle

import pytest
from console_room import Conninfo, Console, a_vector, just_now, keep, shoot
from factories import a_request
from playwright.sync_api import Locator, Page, expect

from domain.decision import Verdict
from domain.reasons import Reason

CASES = 20
AT_ONCE = """keys => {
    for (const key of keys) document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
}"""
STOPPED = (Verdict.REVIEW, Verdict.CHALLENGE, Verdict.DECLINE)
REASON = Reason(
    code="card_payments_5m",
    sentence="6 payments on this card within 5 minutes",
    value=6.0,
    normal=None,
    contribution=2.1,
)


@pytest.fixture
def alerts(conninfo: Conninfo) -> list[str]:
    verdicts = cycle(STOPPED)
    kept = [
        just_now(
            minutes=number,
            request=a_request(
                user_id=f"usr_{'abcdefghijklmnopqrstuvwxyz'[number]}", amount_minor=2_000 + 100 * number
            ),
            verdict=next(verdicts),
            score=70,
            probability=0.8,
            reasons=[REASON],
            vector=a_vector(),
        )
        for number in range(CASES + 2)
    ]
    keep(conninfo, *kept)
    return [decision.decision_id for decision in kept]


def test_twenty_cases_by_keyboard(console: Console, alerts: list[str]) -> None:
    page = console.signs_in("ana", "queue")
    marked = page.locator(".fg-queue tr[aria-current]")
    expect(page.locator(".fg-queue tr[data-row]")).to_have_count(len(alerts))
    first = marked.get_attribute("data-row")
    page.keyboard.press("j")
    expect(marked).not_to_have_attribute("data-row", str(first))
    page.keyboard.press("k")
    expect(marked).to_have_attribute("data-row", str(first))
    shoot(page, "queue")

    page.keyboard.press("c")  # claims and opens
    expect(state(page)).to_contain_text("Yours until")
    shoot(page, "case")
    for number in range(CASES):
        opened = case_of(page).inner_text()
        if number % 4 == 1:
            page.keyboard.press("c")
            expect(state(page)).to_contain_text("Yours until")
        page.keyboard.press("d" if number % 2 else "a")
        expect(case_of(page)).not_to_have_text(opened)

    words = console.rows("select label, labelled_by from labels")
    assert len(words) == CASES
    assert {by for _, by in words} == {"ana"}
    assert console.rows("select count(*) from alerts where closed_at is null") == [(2,)]
    told = dict(console.rows("select action, count(*) from audit_trail group by action"))
    assert told["case.decide"] == CASES
    assert told["case.claim"] >= 1


def test_keys_pressed_in_one_breath_are_all_heard(console: Console, alerts: list[str]) -> None:
    page = console.signed_in("ana", f"case?decision={alerts[0]}")
    expect(page.locator("body[data-case-keys]")).to_be_attached()
    page.evaluate(AT_ONCE, list("ccdud"))  # claims, decides and goes on; the rest is of a case that has gone
    expect(case_of(page)).not_to_have_text(alerts[0])
    page.keyboard.press("k")
    expect(state(page)).to_contain_text("Confirmed as fraud")
    assert console.rows("select decision_id, label from labels") == [(alerts[0], "fraud")]
    assert console.rows("select action from audit_trail where action like 'case.%%' order by at") == [
        ("case.claim",), ("case.decide",),
    ]  # fmt: skip


def test_a_double_click_writes_one_label_and_undo_takes_it_back(console: Console, alerts: list[str]) -> None:
    page = console.signed_in("ana", f"case?decision={alerts[0]}")
    page.get_by_role("button", name="Confirm fraud").dblclick()
    expect(case_of(page)).not_to_have_text(alerts[0])
    assert console.rows("select decision_id, label from labels") == [(alerts[0], "fraud")]

    page.keyboard.press("u")
    expect(case_of(page)).to_have_text(alerts[0])
    expect(page.get_by_role("button", name="Confirm fraud")).to_be_enabled()
    assert console.rows("select closed_at, resolution from alerts where decision_id = %s", alerts[0]) == [
        (None, None)
    ]
    newest = console.rows("select label from labels order by labelled_at desc limit 1")
    assert newest == [("unknown",)]


def test_the_second_of_two_analysts_is_told(console: Console, alerts: list[str]) -> None:
    ana, ben = (console.signed_in(name, f"case?decision={alerts[0]}") for name in ("ana", "ben"))
    expect(ben.get_by_role("button", name="Confirm fraud")).to_be_enabled()
    ana.keyboard.press("c")
    expect(state(ana)).to_contain_text("Yours until")

    ben.keyboard.press("d")
    expect(ben.get_by_text("Ana works on this case").first).to_be_visible()
    ana.keyboard.press("a")
    expect(case_of(ana)).not_to_have_text(alerts[0])
    expect(ben.get_by_text("Ana decided").first).to_be_visible()
    assert console.rows("select label, labelled_by from labels") == [("good", "ana")]


def test_new_alerts_are_announced_and_move_nothing(
    console: Console, conninfo: Conninfo, alerts: list[str]
) -> None:
    page = console.signed_in("ana", "queue")
    rows = page.locator(".fg-queue tr[data-row]")
    expect(rows).to_have_count(len(alerts))
    before = rows.first.get_attribute("data-row")
    keep(conninfo, just_now(verdict=Verdict.REVIEW, score=90, probability=0.99, reasons=[REASON]))

    expect(page.get_by_role("button", name="1 new")).to_be_visible()
    expect(rows.first).to_have_attribute("data-row", str(before))
    page.keyboard.press("r")
    expect(rows).to_have_count(len(alerts) + 1)


def case_of(page: Page) -> Locator:
    return page.locator(".fg-case-head code")


def state(page: Page) -> Locator:
    return page.locator(".fg-case-state")
