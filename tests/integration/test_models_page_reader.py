"""The models page on PostgreSQL: what it reads, and a rollback through the desk."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from api_readiness import answering
from case_room import CaseRoom, open_room
from ledger_rows import add_decision, add_label, add_outcome
from waiting import eventually

from app.desk.errors import DeskRefused, NotAllowed
from dashboard.database import open_pool
from dashboard.views.models.comparison import compare
from dashboard.views.models.reader import ModelsReader
from dashboard.views.models.rollback import Rollback, roll_back
from domain.decision import Verdict
from scoring.registry import MoveRefused, PromotionRefused

API = "faregate_api"
Conninfo = Callable[[str], str]


@pytest.fixture
def room(conninfo: Conninfo) -> Iterator[CaseRoom]:
    with open_room(conninfo) as opened:
        yield opened


@pytest.fixture
def reader(conninfo: Conninfo) -> Iterator[ModelsReader]:
    with open_pool(conninfo("faregate_console")) as connections:
        yield ModelsReader(connections)


@pytest.fixture
def champions(room: CaseRoom) -> None:
    """mdl_a was champion, mdl_b is."""
    for version in ("mdl_a", "mdl_b"):
        room.rows(
            "insert into models (version, kind, signature, seal, data_from, data_until, code_version, "
            "metrics, report, registered_by) values (%s, 'offline', '', '', now(), now(), 'test', "
            "'{\"ap\": 0.8}', '<p>report</p>', 'test') returning version",
            version,
        )
    for version, before, after in (
        ("mdl_a", "candidate", "champion"),
        ("mdl_b", "candidate", "champion"),
        ("mdl_a", "champion", "shadow"),
    ):
        room.rows(
            "insert into model_moves (version, from_state, to_state, moved_by) values (%s, %s, %s, 'test') "
            "returning version",
            version, before, after,
        )  # fmt: skip


def asked(person_id: str = "lea", **given: str) -> Rollback:
    defaults = {"failed": "mdl_b", "former": "mdl_a", "why": "too many declines", "key": "click-1"}
    return Rollback(person_id=person_id, **{**defaults, **given})


def states(room: CaseRoom) -> dict[str, str]:
    return dict(
        room.rows(
            "select distinct on (version) version, to_state from model_moves order by version, move_id desc"
        )
    )


@pytest.mark.usefixtures("champions")
def test_a_lead_rolls_back_once_every_process_is_ready(room: CaseRoom, conninfo: Conninfo) -> None:
    with answering(conninfo(API), "one"):
        promotion = roll_back(room.desk, asked(), wait_s=10)
    assert (promotion.version, promotion.former, promotion.processes) == ("mdl_a", "mdl_b", ("one",))
    assert states(room) == {"mdl_a": "champion", "mdl_b": "retired"}
    [told] = room.rows("select person_id, role, action, details from audit_trail where subject = 'mdl_a'")
    assert told == ("lea", "lead", "model.rollback", {"failed": "mdl_b", "why": "too many declines"})
    assert room.rows("select from model_wishes") == []


@pytest.mark.usefixtures("champions")
def test_an_analyst_may_not_and_nobody_loads_anything(room: CaseRoom) -> None:
    with pytest.raises(NotAllowed, match="Only a lead may do this, and Ana is an analyst"):
        roll_back(room.desk, asked("ana"))
    assert states(room) == {"mdl_a": "shadow", "mdl_b": "champion"}
    assert room.deeds("mdl_a") == []


@pytest.mark.usefixtures("champions")
def test_a_role_that_is_lost_meanwhile_moves_nothing(room: CaseRoom, conninfo: Conninfo) -> None:
    with answering(conninfo(API), "one"):
        room.rows(
            "insert into api_processes values ('slow', clock_timestamp() + interval '1 minute') returning 1"
        )
        failures: list[Exception] = []

        def work() -> None:
            try:
                roll_back(room.desk, asked(), wait_s=10)
            except NotAllowed as refused:
                failures.append(refused)

        thread = threading.Thread(target=work)
        thread.start()
        eventually(lambda: room.rows("select from model_wishes"), what="the wish")
        room.rows("update people set role = 'analyst' where person_id = 'lea' returning 1")
        room.rows("delete from api_processes where process = 'slow' returning 1")
        thread.join()
    assert len(failures) == 1
    assert states(room)["mdl_b"] == "champion"


@pytest.mark.usefixtures("champions")
def test_refusals_are_sentences_and_change_nothing(room: CaseRoom, conninfo: Conninfo) -> None:
    with pytest.raises(DeskRefused, match="Say why"):
        roll_back(room.desk, asked(why="  "))
    with pytest.raises(DeskRefused, match="Meanwhile mdl_b decides"):
        roll_back(room.desk, asked(failed="mdl_c"))
    with (
        answering(conninfo(API), "one", refused="its key is another"),
        pytest.raises(PromotionRefused, match="its key is another"),
    ):
        roll_back(room.desk, asked(), wait_s=10)
    assert states(room)["mdl_b"] == "champion"
    assert room.deeds("mdl_a") == []


@pytest.mark.usefixtures("champions")
def test_one_click_rolls_back_once(room: CaseRoom) -> None:
    roll_back(room.desk, asked(), wait_s=0)
    room.rows(
        "insert into model_moves (version, to_state, moved_by) values ('mdl_b', 'champion', 'x') returning 1"
    )
    room.rows(
        "insert into model_moves (version, to_state, moved_by) values ('mdl_a', 'shadow', 'x') returning 1"
    )
    with pytest.raises(MoveRefused, match="done before"):
        roll_back(room.desk, asked(), wait_s=0)
    assert states(room)["mdl_b"] == "champion"


@pytest.mark.usefixtures("champions")
def test_the_standing_names_everybody_and_who_would_come_back(room: CaseRoom, reader: ModelsReader) -> None:
    standing = reader.standing()
    assert {model.version: str(model.state) for model in standing.models} == {
        "mdl_a": "shadow",
        "mdl_b": "champion",
    }
    assert (standing.former, sorted(standing.reported)) == ("mdl_a", ["mdl_a", "mdl_b"])
    assert reader.report("mdl_a") == "<p>report</p>"
    assert reader.report("mdl_nobody") is None
    room.rows("insert into api_processes values ('one', clock_timestamp()) returning 1")
    assert [(one.process, one.told) for one in reader.processes("mdl_a")] == [("one", False)]


@pytest.mark.usefixtures("champions")
def test_shadows_are_compared_and_probabilities_judged(room: CaseRoom, reader: ModelsReader) -> None:
    now = datetime.now(UTC)
    at = now - timedelta(minutes=5)
    room.owner.execute("alter table decisions disable trigger decisions_raise_alert")
    rows = [add_decision(room.owner, decided_at=at, probability=0.3) for _ in range(3)]
    room.owner.execute("alter table decisions enable trigger decisions_raise_alert")
    for row in rows:
        room.rows(
            "insert into shadow_scores (decision_id, model_version, probability, verdict) "
            "values (%s, 'mdl_a', 0.9, 'decline') returning 1",
            row["decision_id"],
        )
    add_label(room.owner, rows[0], "fraud")
    add_label(room.owner, rows[1], "good")
    add_outcome(room.owner, rows[2], "chargeback")

    compared = compare(reader.agreements(now), reader.judged(now))["mdl_a"]
    bins = reader.calibration("mdl_b", now, now - timedelta(days=90))

    assert (compared.payments, compared.stricter, compared.known, compared.frauds) == (3, 1.0, 3, 2)
    assert compared.mix == {verdict: float(verdict is Verdict.DECLINE) for verdict in Verdict}
    assert bins == [], "no payment was decided by mdl_b"


def test_drift_and_rounds_are_read_newest_first(room: CaseRoom, reader: ModelsReader) -> None:
    for psi, hours in ((0.1, 6), (0.3, 3)):
        for subject, alarm in (("score", "moved" if psi > 0.25 else None), ("amount", "moved")):
            room.rows(
                "insert into drift_checks (checked_at, model_version, subject, psi, missing_rise, "
                "out_of_range, rows, alarm) values (date_trunc('hour', now()) - %s * interval '1 hour', "
                "'mdl_b', %s, %s, 0, 0, 2000, %s) returning 1",
                hours, subject, psi, alarm,
            )  # fmt: skip
    room.rows(
        "insert into learning_rounds (began_at, trigger, labels, verdict, why, compute_s) "
        "values (now(), 'labels', 40, 'idle', 'nothing new', 0.4) returning 1"
    )
    checks = reader.score_drift(datetime.now(UTC))
    assert [(check.psi, check.alarms, check.score_alarm) for check in checks] == [
        (0.3, 1, "moved"),
        (0.1, 1, None),
    ]
    assert [row.subject for row in reader.drift()] == ["score", "amount"]
    assert [row.why for row in reader.rounds()] == ["nothing new"]
