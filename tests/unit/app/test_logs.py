import io
import json
import logging
from types import SimpleNamespace
from typing import Any

import pytest

from app.logs import LONGEST, DecisionLog, JsonLines, about


@pytest.fixture
def lines() -> Any:
    """A logger of its own, and what it wrote."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines("api"))
    log = logging.Logger("faregate.test")
    log.addHandler(handler)
    return SimpleNamespace(log=log, read=lambda: list(map(json.loads, stream.getvalue().splitlines())))


def an_answer(**changed: Any) -> Any:
    known = {
        "reply": b'{"decision_id":"dec_a","transaction_id":"txn_a","verdict":"decline"}',
        "repeated": False,
        "verdict": "decline",
        "rung": "R0",
        "rung_reason": None,
        "total_s": 0.0042,
        "overran": False,
    }
    return SimpleNamespace(**known | changed)


def test_a_line_is_one_object(lines: Any) -> None:
    lines.log.warning("two\nlines of %s", "text")
    (line,) = lines.read()
    assert line["level"] == "warning"
    assert line["logger"] == "faregate.test"
    assert line["message"] == "two\nlines of text"
    assert line["time"].endswith("+00:00")


def test_lines_name_the_decision_they_are_about(lines: Any) -> None:
    with about(transaction_id="txn_a"), about(decision_id="dec_a"):
        lines.log.info("inside")
    lines.log.info("outside")
    inside, outside = lines.read()
    assert (inside["transaction_id"], inside["decision_id"]) == ("txn_a", "dec_a")
    assert "transaction_id" not in outside


def test_an_id_given_with_the_line_goes_before(lines: Any) -> None:
    with about(decision_id="dec_a"):
        lines.log.info("other", extra={"decision_id": "dec_b"})
    assert lines.read()[0]["decision_id"] == "dec_b"


def test_a_traceback_stays_on_the_line_and_is_bounded(lines: Any) -> None:
    try:
        raise ValueError("x" * 10 * LONGEST)
    except ValueError:
        lines.log.exception("fell over")
    (line,) = lines.read()
    assert line["traceback"].startswith("Traceback")
    assert len(line["traceback"]) < LONGEST + 10


def test_whatever_is_told_can_be_written(lines: Any) -> None:
    lines.log.info("strange", extra={"facts": {"value": object()}})
    assert lines.read()[0]["value"].startswith("<object")


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (an_answer(), True),
        (an_answer(verdict="approve"), False),
        (an_answer(verdict="review"), False),
        (an_answer(verdict="approve", rung="R1", rung_reason="features_ageing"), True),
        (an_answer(verdict="approve", overran=True), True),
        (an_answer(repeated=True), False),
    ],
    ids=["decline", "approval", "review", "lower rung", "overrun", "repeat"],
)
def test_only_decisions_that_somebody_may_ask_about_are_told(lines: Any, answer: Any, told: bool) -> None:
    DecisionLog(log=lines.log).tell(answer)
    assert len(lines.read()) == told


def test_a_decision_is_told_with_its_ids_and_nothing_of_its_body(lines: Any) -> None:
    DecisionLog(log=lines.log).tell(an_answer())
    (line,) = lines.read()
    assert (line["decision_id"], line["transaction_id"], line["total_ms"]) == ("dec_a", "txn_a", 4.2)
    assert not {"reply", "request", "card_id"} & set(line)


def test_a_flood_is_cut_and_what_was_left_out_is_counted(lines: Any) -> None:
    now = 0.0
    told = DecisionLog(most_per_s=3, monotonic=lambda: now, log=lines.log)
    for _ in range(10):
        told.tell(an_answer())
    now = 1.0
    told.tell(an_answer())
    assert [line["left_out"] for line in lines.read()] == [0, 0, 0, 7]
