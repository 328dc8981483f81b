"""Models are brought up one after the other, each once, and ended when nobody wants them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.models import loading
from app.models.loading import Loading
from domain.errors import ModelRefused

pytestmark = pytest.mark.anyio


class FakeScorer:
    """Starts when it is told to; those whose folder ends with `bad` are refused."""

    kind = "compiled"
    restarts = 1

    def __init__(self, folder: Path) -> None:
        self.version = folder.name
        self.may_start = asyncio.Event()
        self.urgent: bool | None = None
        self.ended = False

    async def start(self, *, urgently: bool = False) -> None:
        self.urgent = urgently
        await self.may_start.wait()
        if self.version.endswith("bad"):
            raise ModelRefused("bad")

    async def leave(self) -> None:
        self.ended = True

    def close(self) -> None:
        self.ended = True


class Site:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.made: list[FakeScorer] = []
        self.changes = 0
        self.loading = Loading(self._fetch, self._start)  # type: ignore[arg-type]

    async def _fetch(self, version: str) -> Path:
        (self.folder / version).mkdir(exist_ok=True)
        return self.folder / version

    def _start(self, folder: Path) -> FakeScorer:
        self.made.append(FakeScorer(folder))
        return self.made[-1]

    def want(self, *versions: str) -> None:
        self.loading.want(set(versions), self._changed)

    def _changed(self) -> None:
        self.changes += 1

    async def turn(self) -> None:
        for _ in range(10):
            await asyncio.sleep(0)

    async def all_started(self) -> None:
        while not self.loading._task or not self.loading._task.done():
            for scorer in self.made:
                scorer.may_start.set()
            await asyncio.sleep(0)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    made = Site(tmp_path)
    yield made
    made.loading.close()


async def test_what_is_wanted_again_while_it_loads_is_loaded_once(site: Site) -> None:
    site.want("mdl_a")
    await site.turn()
    site.want("mdl_a")
    await site.all_started()
    assert [scorer.version for scorer in site.made] == ["mdl_a"]
    assert site.changes == 1


async def test_the_first_is_waited_for_by_payments_and_the_others_are_not(site: Site) -> None:
    site.want("mdl_a", "mdl_b", "mdl_c")
    await site.all_started()
    assert [scorer.urgent for scorer in site.made] == [True, False, False]
    assert set(site.loading.loaded) == {"mdl_a", "mdl_b", "mdl_c"}


async def test_one_that_is_refused_is_told_and_its_copy_removed(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.want("mdl_bad")
    await site.all_started()
    assert site.loading.refused == {"mdl_bad": "bad"}
    assert site.made[0].ended
    assert not (site.folder / "mdl_bad").exists()
    site.want("mdl_bad")
    await site.turn()
    assert len(site.made) == 1  # not at every look
    monkeypatch.setattr(loading, "TRY_AGAIN_S", 0.0)
    site.want("mdl_bad")
    await site.all_started()
    assert len(site.made) == 2


async def test_who_is_not_wanted_any_more_answers_the_last_questions_first(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "LAST_ANSWERS_S", 0.01)
    site.want("mdl_a")
    await site.all_started()
    site.want()
    assert "mdl_a" in site.loading.loaded
    async with asyncio.timeout(5):
        while not site.made[0].ended:
            await asyncio.sleep(0.001)
    assert (site.loading.loaded, site.loading.restarts) == ({}, 1)


async def test_who_is_wanted_again_in_time_stays(site: Site) -> None:
    site.want("mdl_a")
    await site.all_started()
    site.want()
    site.want("mdl_a")
    assert not site.loading._leaving
    assert not site.made[0].ended


async def test_the_end_ends_all_of_them(site: Site) -> None:
    site.want("mdl_a", "mdl_b")
    await site.all_started()
    site.loading.close()
    assert all(scorer.ended for scorer in site.made)
