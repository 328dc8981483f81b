"""The pipeline as its page reads it; a test names only what it is about."""

from datetime import timedelta
from typing import Any

from readings_factories import a_pipeline

from app.desk.dead_letters import Place
from dashboard.readings import Parity, RungTotal
from dashboard.views.pipeline.letters import Letter
from dashboard.views.pipeline.readings import Checkpoint, FlinkLook, Flow, KafkaLook, Kept, StreamLook
from domain.decision import Rung
from domain.events import from_ms, to_ms
from domain.topics import ALL, FEATURES, SOURCES, Topic

NOW = a_pipeline().now
NOW_MS = to_ms(NOW)
EVENT = Place(topic="payments.decisions.v1", partition=2, offset=41)


def a_flow(**given: Any) -> Flow:
    defaults: dict[str, Any] = {
        "pipeline": a_pipeline(),
        "decisions_10s": 124,
        "rungs": [RungTotal(rung=Rung.R0, decisions=300)],
        "parity": Parity(
            checked_at=NOW - timedelta(minutes=2),
            checked_decisions=100,
            as_known=100,
            with_hindsight=98,
            is_due=False,
        ),
        "ring_positions": {0: 100, 1002: 95},
    }
    return Flow(**{**defaults, **given})


def a_kafka(*, at_s: float = 100.0, end: int = 100, behind: int = 2, **given: Any) -> KafkaLook:
    """Every partition ends at `end`, and the groups are `behind` in each."""
    defaults: dict[str, Any] = {
        "at_s": at_s,
        "ends": _everywhere(ALL, end),
        "dead_letters": 3,
        "committed": {
            "faregate-histories": _everywhere(SOURCES, end - behind),
            "faregate-writer": _everywhere(FEATURES, end - behind),
        },
    }
    return KafkaLook(**{**defaults, **given})


def a_flink(**given: Any) -> FlinkLook:
    checkpoint = Checkpoint(at_ms=NOW_MS - 3_000, took_ms=240, size=3 * 1024 * 1024)
    return FlinkLook(**{"state": "RUNNING", "newest": checkpoint, "completed": 40, **given})


def a_stream(**given: Any) -> StreamLook:
    defaults: dict[str, Any] = {
        "kafka": a_kafka(),
        "flink": a_flink(),
        "asked_kafka": True,
        "asked_flink": True,
    }
    return StreamLook(**{**defaults, **given})


def a_kept(**given: Any) -> Kept:
    defaults: dict[str, Any] = {
        "decision_id": "dec_a",
        "transaction_id": "txn_a",
        "decided_at": from_ms(NOW_MS + 3),
        "as_of_ms": NOW_MS,
        "user_id": "usr_a",
        "card_id": "card_a",
        "rung": "R0",
        "feature_age_ms": 420,
        "latency_us": 2_900,
        "card_epoch": 1,
        "card_version": 7,
        "user_epoch": 1,
        "user_version": 1_009,
        "positions": {"card": [1002, 40], "user": [3, 9, 1002, 41], "zone": [1001, 77]},
        "overlaid": 0,
    }
    return Kept(**{**defaults, **given})


def a_letter(**given: Any) -> Letter:
    defaults: dict[str, Any] = {
        "source": Place(topic="rides.events.v1", partition=2, offset=55),
        "at_ms": NOW_MS,
        "told_ms": NOW_MS - 40,
        "reason": "not_json",
        "detail": "Input data was <truncated>",
    }
    return Letter(**{**defaults, **given})


def _everywhere(topics: tuple[Topic, ...], at: int) -> dict[tuple[str, int], int]:
    return {(topic.name, number): at for topic in topics for number in range(topic.partitions)}
