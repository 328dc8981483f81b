"""What people do with cases, on PostgreSQL and with the console's rights."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from case_room import CaseRoom, open_room

from app.desk.cases import Block, CaseState, Resolution
from app.desk.errors import CaseChanged, DeskRefused, NotAllowed
from app.rules.list_store import ListStore

FRAUD, GOOD = Resolution.FRAUD, Resolution.GOOD


@pytest.fixture
def room(conninfo: Callable[[str], str]) -> Iterator[CaseRoom]:
    with open_room(conninfo) as opened:
        yield opened


def test_of_two_people_who_claim_at_once_one_is_told_of_the_other(room: CaseRoom) -> None:
    case, start = room.alert(), Barrier(2)

    def claim(person_id: str) -> CaseState | str:
        start.wait()
        try:
            return room.cases.claim(case, person_id=person_id, key=room.click())
        except CaseChanged as told:
            return str(told)

    with ThreadPoolExecutor() as both:
        answers = list(both.map(claim, ("ana", "ben")))
    [kept] = [answer for answer in answers if isinstance(answer, CaseState)]
    [told] = [answer for answer in answers if isinstance(answer, str)]
    assert kept.claimed_until
    assert told.startswith(f"{str(kept.assignee).title()} works on this case since ")
    assert room.deeds(case) == ["case.claim"]


def test_a_claim_ends_by_itself_and_ones_own_begins_anew(room: CaseRoom) -> None:
    case = room.alert()
    first = room.cases.claim(case, person_id="ana", key=room.click())
    again = room.cases.claim(case, person_id="ana", key=room.click())
    assert first.claimed_until
    assert again.claimed_until
    assert again.claimed_until > first.claimed_until
    room.owner.execute("update alerts set claimed_until = clock_timestamp() - interval '1 s'")
    assert room.cases.claim(case, person_id="ben", key=room.click()).assignee == "ben"


def test_a_double_click_writes_one_label(room: CaseRoom) -> None:
    case, start = room.alert(), Barrier(4)

    def decide(_: int) -> CaseState:
        start.wait()
        return room.cases.decide(
            case, resolution=FRAUD, fraud_type="stolen_card", revision=0, person_id="ana", key="one click"
        )

    with ThreadPoolExecutor() as clicks:
        states = set(clicks.map(repr, clicks.map(decide, range(4))))
    assert len(states) == 1
    assert room.words(case) == ["fraud"]
    assert room.deeds(case) == ["case.decide"]
    state = room.cases.state(case)
    assert state
    assert (state.closed_by, state.resolution, state.fraud_type) == ("ana", FRAUD, "stolen_card")


def test_a_stale_page_is_told_who_did_what(room: CaseRoom) -> None:
    case = room.alert()
    room.cases.escalate(case, why="a colleague of mine", person_id="ana", key=room.click())
    with pytest.raises(
        CaseChanged, match=r"Ana handed this case to the leads at .* UTC: nothing was changed"
    ):
        room.cases.decide(case, resolution=GOOD, revision=0, person_id="lea", key=room.click())
    room.cases.decide(case, resolution=GOOD, revision=1, person_id="lea", key=room.click())
    with pytest.raises(CaseChanged, match=r"Lea decided this case as good at .* UTC: nothing was changed"):
        room.cases.claim(case, person_id="ana", key=room.click())
    assert room.words(case) == ["good"]


def test_nobody_decides_what_another_works_on(room: CaseRoom) -> None:
    case = room.alert()
    room.cases.claim(case, person_id="ana", key=room.click())
    for work in (room.cases.release, room.cases.claim):
        with pytest.raises(CaseChanged, match="Ana works on this case"):
            work(case, person_id="lea", key=room.click())
    room.cases.release(case, person_id="ana", key=room.click())
    assert room.cases.decide(case, resolution=GOOD, revision=2, person_id="lea", key=room.click()).closed_at


def test_an_escalated_case_is_for_leads(room: CaseRoom) -> None:
    case = room.alert()
    room.cases.escalate(case, why="", person_id="ana", key=room.click())
    with pytest.raises(DeskRefused, match="handed to the leads"):
        room.cases.claim(case, person_id="ben", key=room.click())
    assert room.cases.claim(case, person_id="lea", key=room.click()).assignee == "lea"


def test_a_snoozed_case_sleeps_for_so_long(room: CaseRoom) -> None:
    case = room.alert()
    room.cases.claim(case, person_id="ana", key=room.click())
    snoozed = room.cases.snooze(case, minutes=30, person_id="ana", key=room.click())
    assert snoozed.snoozed_until
    assert snoozed.assignee is None
    awake = room.cases.undo(case, person_id="ana", key=room.click())
    assert (awake.snoozed_until, awake.assignee) == (None, "ana")
    with pytest.raises(DeskRefused, match="1 to 10,080 minutes"):
        room.cases.snooze(case, minutes=0, person_id="ana", key=room.click())


def test_values_go_on_the_lists_with_the_word_and_come_off_with_it(room: CaseRoom) -> None:
    case = room.alert()
    lists = ListStore(room.owner)
    lists.add("block", ["card_a"], by="lea", why="earlier")
    blocks = [Block(list="block", value=value, days=30) for value in ("card_a", "dev_a")]
    decided = room.cases.decide(
        case, resolution=FRAUD, blocks=blocks, revision=0, person_id="ana", key=room.click()
    )
    assert {(entry.value, entry.expires_at is None) for entry in lists.entries()} == {
        ("card_a", False),
        ("dev_a", False),
    }
    assert room.deeds("card_a") == ["list.add"]
    undone = room.cases.undo(case, person_id="ana", key=room.click())
    assert (undone.closed_at, undone.resolution, undone.revision) == (None, None, decided.revision + 1)
    assert [(entry.value, entry.expires_at) for entry in lists.entries()] == [("card_a", None)]
    assert room.words(case) == ["fraud", "unknown"]


def test_a_value_that_no_list_can_hold_leaves_everything_as_it_was(room: CaseRoom) -> None:
    case = room.alert()
    blocks = [Block(list="block", value=value, days=None) for value in ("card_a", "not an id")]
    with pytest.raises(DeskRefused, match="no id that a list can hold"):
        room.cases.decide(
            case, resolution=FRAUD, blocks=blocks, revision=0, person_id="ana", key=room.click()
        )
    assert room.words(case) == []
    assert ListStore(room.owner).entries() == []
    assert room.rows("select revision, closed_at from alerts") == [(0, None)]


def test_deeds_are_taken_back_one_by_one_by_whoever_did_them(room: CaseRoom) -> None:
    case = room.alert()
    claimed = room.cases.claim(case, person_id="ana", key=room.click())
    room.cases.decide(case, resolution=GOOD, revision=claimed.revision, person_id="ana", key=room.click())
    with pytest.raises(DeskRefused, match="nothing of yours to take back"):
        room.cases.undo(case, person_id="ben", key=room.click())
    undo = room.click()
    reopened = room.cases.undo(case, person_id="ana", key=undo)
    assert (reopened.closed_at, reopened.assignee) == (None, "ana")
    assert room.cases.undo(case, person_id="ana", key=undo) == reopened
    assert room.cases.undo(case, person_id="ana", key=room.click()).assignee is None
    with pytest.raises(DeskRefused, match="nothing of yours to take back"):
        room.cases.undo(case, person_id="ana", key=room.click())
    assert room.deeds(case) == ["case.claim", "case.decide", "case.undo", "case.undo"]


def test_nothing_is_taken_back_that_another_built_upon_or_that_is_old(room: CaseRoom) -> None:
    case = room.alert()
    room.cases.escalate(case, why="look", person_id="ana", key=room.click())
    room.cases.claim(case, person_id="lea", key=room.click())
    with pytest.raises(CaseChanged, match=r"Lea claimed this case at .*, after you"):
        room.cases.undo(case, person_id="ana", key=room.click())
    room.owner.execute("update audit_trail set at = at - interval '31 minutes'")
    with pytest.raises(DeskRefused, match="in the last 30 minutes"):
        room.cases.undo(case, person_id="lea", key=room.click())


def test_a_later_word_of_somebody_else_stands(room: CaseRoom) -> None:
    case = room.alert()
    room.cases.decide(case, resolution=GOOD, revision=0, person_id="ana", key=room.click())
    room.owner.execute(
        "insert into labels (label_id, decision_id, decided_at, label, labelled_by)"
        " select 'lbl_api', decision_id, decided_at, 'fraud', 'key_b' from decisions"
    )
    with pytest.raises(CaseChanged, match="key_b spoke on this payment"):
        room.cases.undo(case, person_id="ana", key=room.click())


def test_no_word_on_a_chargeback_is_taken_back(room: CaseRoom) -> None:
    case = room.alert()
    room.cases.decide(case, resolution=FRAUD, revision=0, person_id="ana", key=room.click())
    room.owner.execute(
        "insert into outcomes"
        " (outcome_id, transaction_id, decision_id, decided_at, outcome, occurred_at, amount_minor)"
        " select 'out_a', transaction_id, decision_id, decided_at, 'chargeback', decided_at, 1 from decisions"
    )
    with pytest.raises(CaseChanged, match="charged back meanwhile"):
        room.cases.undo(case, person_id="ana", key=room.click())


def test_roles_count_as_they_are_when_the_button_is_pressed(room: CaseRoom) -> None:
    case = room.alert()
    room.cases.claim(case, person_id="ana", key=room.click())
    room.owner.execute("update people set disabled_at = clock_timestamp() where person_id = 'ana'")
    with pytest.raises(NotAllowed, match="may not work here any more"):
        room.cases.decide(case, resolution=GOOD, revision=1, person_id="ana", key=room.click())
    room.cases.escalate(room.alert(), why="", person_id="ben", key="escalated")
    [(escalated,)] = room.rows("select decision_id from alerts where escalated_at is not null")
    room.owner.execute("update people set role = 'analyst' where person_id = 'lea'")
    with pytest.raises(DeskRefused, match="handed to the leads"):
        room.cases.claim(escalated, person_id="lea", key=room.click())


def test_many_cases_are_done_at_once_but_for_those_that_cannot_be(room: CaseRoom) -> None:
    mine, held = [room.alert() for _ in range(3)], room.alert()
    room.cases.claim(held, person_id="ben", key=room.click())
    for _ in range(2):  # the second click changes nothing
        counted = room.cases.decide_many(
            [*mine, held, "dec_nobody"],
            resolution=FRAUD,
            fraud_type=None,
            why="a ring",
            person_id="lea",
            key="k",
        )
        assert counted.done == 3
        assert set(counted.refused) == {held, "dec_nobody"}
        assert "Ben works on this case" in counted.refused[held]
    assert [room.words(case) for case in mine] == [["fraud"]] * 3
    others = [room.alert() for _ in range(2)]
    assert room.cases.claim_many(others, person_id="ana", key=room.click()).done == 2
    assert room.cases.snooze_many(others, minutes=5, person_id="ana", key=room.click()).done == 2
    assert room.cases.escalate_many(others, why="", person_id="ana", key=room.click()).done == 2


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"resolution": GOOD, "fraud_type": "stolen_card"}, "for a fraud only"),
        ({"resolution": FRAUD, "fraud_type": "witchcraft"}, "no kind of fraud"),
        ({"resolution": GOOD, "why": "the card is 4111 1111 1111 1111"}, "holds a card number"),
        ({"resolution": GOOD, "why": "x" * 501}, "501 characters"),
        ({"resolution": FRAUD, "blocks": [Block(list="block", value="card_a", days=0)]}, "1 to 3,650 days"),
    ],
)
def test_senseless_words_are_refused(room: CaseRoom, given: dict[str, object], told: str) -> None:
    case = room.alert()
    with pytest.raises(DeskRefused, match=told):
        room.cases.decide(case, revision=0, person_id="ana", key=room.click(), **given)  # type: ignore[arg-type]
    assert room.words(case) == []


def test_only_alerts_have_a_case(room: CaseRoom) -> None:
    approved = room.alert(verdict="approve")
    assert room.cases.state(approved) is None
    with pytest.raises(DeskRefused, match="There is no alert"):
        room.cases.claim(approved, person_id="lea", key=room.click())


def test_one_click_counts_for_one_case(room: CaseRoom) -> None:
    room.cases.claim(room.alert(), person_id="ana", key="a")
    with pytest.raises(DeskRefused, match="counted for another case"):
        room.cases.claim(room.alert(), person_id="ana", key="a")


def test_what_nobody_can_tell_is_kept_as_unknown(room: CaseRoom) -> None:
    case = room.alert()
    closed = room.cases.decide(
        case, resolution=Resolution.CANNOT_TELL, revision=0, person_id="ana", key=room.click()
    )
    assert closed.resolution is Resolution.CANNOT_TELL
    assert room.words(case) == ["unknown"]
