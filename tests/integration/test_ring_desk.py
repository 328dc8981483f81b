"""One word for a whole ring, on PostgreSQL and with the console's rights; and what the rings page reads."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from case_room import CaseRoom, open_room
from seq_scans import refuse_seq_scans

from app.desk.errors import CaseChanged, DeskRefused, NotAllowed
from app.desk.rings import RingDesk, RingDone, RingWord
from app.rules.list_store import ListStore
from dashboard.database import Pool, open_pool
from dashboard.views.rings import reader as rings_reader
from dashboard.views.rings.reader import RingReader
from domain.decision import Verdict

RIDERS = ("usr_a", "usr_b", "usr_c")
ALL = RingWord(cases_as_fraud=True, fraud_type="collusion", block_riders=True, block_shared=True, days=30)
Conninfo = Callable[[str], str]


@pytest.fixture
def room(conninfo: Conninfo) -> Iterator[CaseRoom]:
    with open_room(conninfo) as opened:
        link(opened, "device", "dev_shared", *RIDERS)
        link(opened, "card", "card_own", "usr_a")
        link(opened, "device", "dev_hub", *RIDERS, *(f"usr_guest{letter}" for letter in "abcdefgh"))
        for number, user_id in enumerate(RIDERS):
            join(opened, user_id, days=number * 5)
        yield opened


@pytest.fixture
def pool(conninfo: Conninfo) -> Iterator[Pool]:
    with open_pool(conninfo("faregate_console")) as connections:
        yield connections


def link(room: CaseRoom, kind: str, entity_id: str, *user_ids: str) -> None:
    for user_id in user_ids:
        room.rows(
            'insert into links (kind, entity_id, user_id, first_seen_at, known_at, source, "offset") '
            "values (%s, %s, %s, now(), now(), 1, 0) returning 1",
            kind,
            entity_id,
            user_id,
        )


def join(room: CaseRoom, user_id: str, ring_id: str = "ring_a", days: float = 0) -> None:
    room.rows(
        "insert into ring_members (user_id, epoch, version, ring_id, size, shared_cards, shared_devices, "
        "joined_at, known_at) values (%s, 1, 1, %s, 3, 0, 1, now() - %s, now()) returning 1",
        user_id,
        ring_id,
        timedelta(days=days),
    )


def payment(room: CaseRoom, user_id: str, **given: Any) -> str:
    now = datetime.now(UTC)
    return room.alert(user_id=user_id, decided_at=now, **given)


def decide(room: CaseRoom, word: RingWord = ALL, **given: Any) -> RingDone:
    who = {"seen": RIDERS, "person_id": "lea", "key": "click", **given}
    return RingDesk(room.desk).decide("ring_a", word, **who)


def test_riders_what_they_share_and_their_cases_go_in_one_deed(room: CaseRoom) -> None:
    cases = [payment(room, user_id) for user_id in ("usr_a", "usr_a", "usr_b")]
    other = payment(room, "usr_elsewhere")
    done = decide(room)
    assert done == RingDone(riders=3, cases=3, left=0, listed=4)
    assert [room.words(case) for case in cases] == [["fraud"]] * 3
    assert room.words(other) == []
    listed = {entry.value for entry in ListStore(room.owner).entries()}
    assert listed == {*RIDERS, "dev_shared"}
    assert room.deeds("ring_a") == ["ring.decide"]
    assert room.deeds(cases[0]) == ["case.decide"]
    assert room.deeds("usr_b") == ["list.add"]
    [(numbers,)] = room.rows("select details from audit_trail where subject = 'ring_a'")
    assert (numbers["riders"], numbers["cases"], numbers["listed"]) == (3, 3, 4)


def test_a_second_click_tells_the_same_and_writes_nothing(room: CaseRoom) -> None:
    payment(room, "usr_a")
    first = decide(room)
    assert decide(room) == first
    assert room.rows("select count(*) from labels") == [(1,)]
    assert room.rows("select count(*) from list_entries") == [(4,)]


def test_a_case_that_somebody_works_on_is_left_to_them(room: CaseRoom) -> None:
    mine, theirs = payment(room, "usr_a"), payment(room, "usr_b")
    room.cases.claim(theirs, person_id="ana", key=room.click())
    done = decide(room)
    assert (done.cases, done.left) == (1, 1)
    assert (room.words(mine), room.words(theirs)) == (["fraud"], [])


def test_a_ring_that_changed_is_refused_and_nothing_happens(room: CaseRoom) -> None:
    payment(room, "usr_a")
    join(room, "usr_d")
    with pytest.raises(CaseChanged, match="1 joined, 0 left"):
        decide(room)
    with pytest.raises(CaseChanged, match="This ring is no more"):
        RingDesk(room.desk).decide("ring_x", ALL, seen=RIDERS, person_id="lea", key="other")
    assert room.rows("select count(*) from labels") == [(0,)]
    assert room.deeds("ring_a") == []


def test_what_makes_no_sense_or_is_not_allowed_changes_nothing(room: CaseRoom) -> None:
    with pytest.raises(NotAllowed, match="Only a lead may do this"):
        decide(room, person_id="ana")
    with pytest.raises(DeskRefused, match="Nothing was chosen"):
        decide(room, RingWord())
    with pytest.raises(DeskRefused, match="for 1 to"):
        decide(room, RingWord(block_riders=True, days=0))
    payment(room, "usr_a")
    with pytest.raises(DeskRefused, match="is no kind of fraud"):
        decide(room, RingWord(cases_as_fraud=True, block_riders=True, fraud_type="none"))
    assert room.rows("select count(*) from list_entries") == [(0,)]


def test_rings_are_read_with_their_money_and_growth(room: CaseRoom, pool: Pool) -> None:
    payment(room, "usr_a", amount_minor=4_000)
    stopped = payment(room, "usr_b", amount_minor=3_000, verdict=Verdict.DECLINE)
    lost = payment(room, "usr_c", amount_minor=9_000)
    room.rows(
        "insert into outcomes (outcome_id, transaction_id, decision_id, decided_at, outcome, occurred_at, "
        "amount_minor) select 'out_a', transaction_id, decision_id, decided_at, 'chargeback', now(), 9000 "
        "from decisions where decision_id = %s returning 1",
        lost,
    )
    reader = RingReader(pool)
    for by in ("risk", "growth", "size"):
        [row] = reader.rings(by)
    assert (row.riders, row.shared_cards, row.shared_devices) == (3, 0, 1)
    assert (row.paid_minor, row.stopped_minor, row.charged_back_minor) == (4_000, 3_000, 9_000)
    assert (row.known_frauds, row.open_cases, row.joined_lately) == (1, 2, 2)
    assert (len(row.joins), sum(row.joins)) == (14, 3)
    ring = reader.ring("ring_a")
    assert ring
    assert [member.user_id for member in ring.members] == ["usr_c", "usr_a", "usr_b"]
    assert ring.members[2].last_decision_id == stopped
    assert {use.entity_id for use in ring.uses} == {"dev_shared"}
    assert reader.ring("ring_x") is None


def test_no_query_of_the_page_reads_all_decisions(conninfo: Conninfo) -> None:
    now = datetime.now(UTC)
    values = {
        "ring_ids": ["ring_a"], "ring_id": "ring_a", "since": now - timedelta(days=30), "until": now,
        "by": "risk", "lately": timedelta(days=7), "period": timedelta(days=14), "hub_over": 8, "most": 50,
        "most_payments": 500,
    }  # fmt: skip
    with psycopg.connect(conninfo("faregate_console")) as connection:
        refuse_seq_scans(connection, rings_reader.__file__, values)
