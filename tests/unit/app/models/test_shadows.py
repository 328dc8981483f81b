"""Scores of the models that did not decide: all of them, once, and never at a payment's cost."""

from array import array
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest
from some_models import CANARY, CHAMPION, SHADOW, a_model

from app.models import shadows
from app.models.in_service import Canary, InService
from app.models.shadows import Decided, Shadows
from domain.errors import ModelRefused

pytestmark = pytest.mark.anyio
VALUES = array("f", [1.0])
THREE = InService(champion=CHAMPION, canaries=(Canary(scoring=CANARY, share=0.5),), shadows=(SHADOW,))


class FakePool:
    def __init__(self) -> None:
        self.rows: list[tuple[Any, ...]] = []
        self.away = False

    @asynccontextmanager
    async def connection(self) -> AsyncIterator["FakePool"]:
        if self.away:
            raise psycopg.OperationalError("away")
        yield self

    async def execute(self, _query: bytes, values: Mapping[str, list[Any]]) -> None:
        self.rows += zip(*values.values(), strict=True)


class Watched:
    def __init__(self, models: InService = THREE) -> None:
        self.pool, self.models, self.lost = FakePool(), models, 0
        self.shadows = Shadows(self.pool, lambda: self.models, self._lose)  # type: ignore[arg-type]

    def _lose(self, count: int) -> None:
        self.lost += count

    def offer(self, number: int, version: str = "mdl_a") -> None:
        self.shadows.offer(Decided(decision_id=f"dec_{number}", version=version, values=VALUES))


async def test_every_model_but_the_deciding_one_is_recorded() -> None:
    watched = Watched()
    watched.offer(1)
    watched.offer(2, version="mdl_b")
    await watched.shadows.drain()
    assert watched.pool.rows == [
        ("dec_1", "mdl_b", 0.01, "approve"),
        ("dec_1", "mdl_c", 0.01, "approve"),
        ("dec_2", "mdl_a", 0.01, "approve"),
        ("dec_2", "mdl_c", 0.01, "approve"),
    ]


async def test_many_are_recorded_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shadows, "BATCH", 4)
    watched = Watched()
    for number in range(9):
        watched.offer(number)
    await watched.shadows.drain()
    assert len(set(watched.pool.rows)) == 18


async def test_a_champion_alone_costs_nothing() -> None:
    watched = Watched(InService(champion=CHAMPION))
    watched.offer(1)
    assert not watched.shadows._waiting


async def test_more_than_can_wait_is_given_up_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shadows, "MOST_WAITING", 2)
    watched = Watched()
    for number in range(5):
        watched.offer(number)
    await watched.shadows.drain()
    assert watched.lost == 3
    assert {row[0] for row in watched.pool.rows} == {"dec_3", "dec_4"}


async def test_a_model_that_fails_is_counted_and_the_others_are_heard(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken = a_model("mdl_broken")

    async def refuse(*_: object) -> float:
        raise ModelRefused("broken")

    monkeypatch.setattr(broken, "probability", refuse)
    watched = Watched(InService(champion=CHAMPION, shadows=(broken, SHADOW)))
    watched.offer(1)
    await watched.shadows.drain()
    assert (watched.lost, [row[1] for row in watched.pool.rows]) == (1, ["mdl_c"])


async def test_what_postgresql_does_not_take_is_counted() -> None:
    watched = Watched()
    watched.pool.away = True
    watched.offer(1)
    await watched.shadows.drain()
    watched.pool.away = False
    watched.offer(2)
    await watched.shadows.drain()
    assert (watched.lost, len(watched.pool.rows)) == (2, 2)
