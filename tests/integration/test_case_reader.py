"""What the case page reads, from rows as the ledger keeps them."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from case_room import CaseRoom, open_room
from seq_scans import refuse_seq_scans

from app.desk.cases import Resolution
from dashboard.database import Pool, open_pool
from dashboard.views.case import reader as case_reader
from dashboard.views.case.reader import CaseReader
from domain.decision import Outcome, Verdict
from domain.labels import Label

Conninfo = Callable[[str], str]
REASON = {"code": "amount", "sentence": "the fare is $18.50", "value": 1850, "normal": 900, "contribution": 1}


@pytest.fixture
def room(conninfo: Conninfo) -> Iterator[CaseRoom]:
    with open_room(conninfo) as opened:
        yield opened


@pytest.fixture
def pool(conninfo: Conninfo) -> Iterator[Pool]:
    with open_pool(conninfo("faregate_console")) as connections:
        yield connections


def ago(**given: float) -> datetime:
    return datetime.now(UTC) - timedelta(**given)


def a_case(room: CaseRoom, minutes: float = 5, **given: Any) -> str:
    return room.alert(decided_at=ago(minutes=minutes), reasons=[REASON], **given)


def charge_back(room: CaseRoom, decision_id: str) -> None:
    room.rows(
        "insert into outcomes (outcome_id, transaction_id, decision_id, decided_at, outcome, occurred_at, "
        "amount_minor) select 'out_' || decision_id, transaction_id, decision_id, decided_at, 'chargeback', "
        "now(), amount_minor from decisions where decision_id = %s returning 1",
        decision_id,
    )


def test_a_case_is_read_with_its_state_words_and_trail(room: CaseRoom, pool: Pool) -> None:
    decision_id = a_case(room)
    room.cases.claim(decision_id, person_id="ana", key=room.click())
    reader = CaseReader(pool)
    case = reader.case(decision_id)
    assert case
    assert (case.subject.revision, case.subject.assignee_name) == (1, "Ana")
    assert [reason.code for reason in case.subject.reasons] == ["amount"]
    room.cases.decide(
        decision_id, resolution=Resolution.GOOD, revision=1, person_id="ana", key=room.click(), why="called"
    )
    charge_back(room, decision_id)
    case = reader.case(decision_id)
    assert case
    assert (case.subject.resolution, case.subject.closed_by_name) == (Resolution.GOOD, "Ana")
    assert [(word.label, word.name, word.why) for word in case.words] == [(Label.GOOD, "Ana", "called")]
    assert [deed.action for deed in case.told] == ["case.decide", "case.claim"]
    assert [outcome.outcome for outcome in case.subject.outcomes] == [Outcome.CHARGEBACK]
    assert case.names["lea"] == "Lea"
    standing = reader.standing(decision_id)
    assert standing
    assert (standing.revision, standing.closed_by_name) == (2, "Ana")


def test_an_approval_has_no_case_and_others_are_unknown(room: CaseRoom, pool: Pool) -> None:
    reader = CaseReader(pool)
    approved = reader.case(a_case(room, verdict=Verdict.APPROVE))
    assert approved
    assert approved.subject.revision is None
    assert reader.standing(approved.subject.decision_id) is None
    assert reader.case("dec_nobody") is None
    assert reader.case(a_case(room, sandbox=True)) is None


def test_around_a_payment_stand_those_of_rider_card_and_device(room: CaseRoom, pool: Pool) -> None:
    mine = a_case(room, user_id="usr_a", card_id="card_a", device_id="dev_a")
    before = a_case(room, 60, user_id="usr_a", card_id="card_b", device_id="dev_b")
    shares = a_case(room, 30, user_id="usr_b", card_id="card_a", device_id="dev_c")
    a_case(room, 20, user_id="usr_c", card_id="card_c", device_id="dev_d")
    a_case(room, 60 * 24 * 31, user_id="usr_a")
    charge_back(room, shares)
    reader = CaseReader(pool)
    case = reader.case(mine)
    assert case
    around = reader.around(case.subject)
    assert [row.decision_id for row in around.payments] == [mine, shares, before]
    assert around.payments[1].outcome is Outcome.CHARGEBACK
    assert around.before
    assert around.before.decision_id == before
    assert [(row.user_id, row.chargebacks) for row in around.marked] == [("usr_b", 1)]


def test_links_rings_and_closed_cases_are_found(room: CaseRoom, pool: Pool) -> None:
    mine = a_case(room, user_id="usr_a", device_id="dev_a", vector=b"\x00\x00\x80?")
    old = a_case(room, 90, user_id="usr_z", card_id="card_z", device_id="dev_z", vector=b"\x00\x00\x80?")
    room.cases.decide(old, resolution=Resolution.FRAUD, revision=0, person_id="ben", key=room.click())
    for user_id in ("usr_a", "usr_b"):
        room.rows(
            'insert into links (kind, entity_id, user_id, first_seen_at, known_at, source, "offset") '
            "values ('device', 'dev_a', %s, now(), now(), 1, 0) returning 1",
            user_id,
        )
    room.rows(
        "insert into ring_members (user_id, epoch, version, ring_id, size, shared_cards, shared_devices, "
        "joined_at, known_at) values ('usr_a', 1, 1, 'ring_a', 2, 0, 1, now(), now()) returning 1"
    )
    reader = CaseReader(pool)
    case = reader.case(mine)
    assert case
    around = reader.around(case.subject)
    assert [(row.entity_id, row.user_id, row.users) for row in around.links] == [
        ("dev_a", "usr_a", 2),
        ("dev_a", "usr_b", 2),
    ]
    assert around.ring_id == "ring_a"
    assert [(row.decision_id, row.closed_by_name) for row in around.similar] == [(old, "Ben")]
    assert [row.vector for row in reader.sample()] == [b"\x00\x00\x80?"] * 2


def test_no_query_of_the_page_reads_all_decisions(conninfo: Conninfo) -> None:
    values = {
        "decision_id": "dec_a", "transaction_id": "txn_a", "earliest": ago(hours=1), "latest": ago(),
        "user_id": "usr_a", "card_id": "card_a", "device_id": "dev_a", "user_ids": ["usr_a", "usr_b"],
        "since": ago(days=30), "until": ago(), "decided_at": ago(), "lead_reason": "amount",
        "most": 40, "most_entities": 8, "most_users": 10,
    }  # fmt: skip
    with psycopg.connect(conninfo("faregate_console")) as connection:
        refuse_seq_scans(connection, case_reader.__file__, values)
