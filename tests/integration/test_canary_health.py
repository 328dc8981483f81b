"""A canary's health read from the ledger: only what both decided since then, and no test keys."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from event_factories import NOW_MS
from ledger_rows import add_decision

from domain.events import from_ms
from scoring.registry.guardrails import Limits, canary_health

SINCE = from_ms(NOW_MS)
FEW = Limits(least_decisions=20)


@pytest.fixture
def owner(conninfo: Callable[[str], str]) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(conninfo("faregate_owner"), autocommit=True) as connection:
        yield connection


def decide(
    owner: psycopg.Connection[Any], version: str, number: int, *, latency_us: int = 3_000, **given: Any
) -> None:
    for n in range(number):
        decided = {"decided_at": SINCE + timedelta(seconds=n)} | given
        row = add_decision(owner, **decided)
        owner.execute(
            "update decisions set model_version = %s, latency_us = %s where decision_id = %s",
            [version, latency_us, row["decision_id"]],
        )


def test_a_canary_that_declines_all_is_stopped(
    owner: psycopg.Connection[Any], conninfo: Callable[[str], str]
) -> None:
    decide(owner, "mdl_champion", 30)
    decide(owner, "mdl_canary", 20, verdict="decline", probability=0.02)
    with psycopg.connect(conninfo("faregate_learner"), autocommit=True) as learner:
        health = canary_health(learner, "mdl_canary", "mdl_champion", SINCE, FEW)
        turned = canary_health(learner, "mdl_champion", "mdl_canary", SINCE, FEW)
    assert (health.standing, len(health.canary), len(health.champion)) == ("breach", 20, 30)
    assert health.why == "it declines 100.0 % of payments, the champion 0.0 %"
    assert "declines only 0.0 %" in turned.why


def test_what_came_before_or_had_no_score_or_was_a_test_does_not_count(
    owner: psycopg.Connection[Any], conninfo: Callable[[str], str]
) -> None:
    decide(owner, "mdl_champion", 20)
    decide(owner, "mdl_canary", 19)
    decide(owner, "mdl_canary", 1, decided_at=SINCE - timedelta(seconds=1))
    decide(owner, "mdl_canary", 1, probability=None)
    decide(owner, "mdl_canary", 1, sandbox=True)
    with psycopg.connect(conninfo("faregate_learner"), autocommit=True) as learner:
        assert canary_health(learner, "mdl_canary", "mdl_champion", SINCE, FEW).standing == "too few"
        decide(owner, "mdl_canary", 1)
        assert canary_health(learner, "mdl_canary", "mdl_champion", SINCE, FEW).standing == "ok"
