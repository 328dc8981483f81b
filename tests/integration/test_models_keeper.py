"""The API follows the registry: loads, tells, switches at the instant, refuses what was touched."""

import asyncio
from array import array
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest
from registered_models import RegisteredModels
from small_model import MODEL_KEY_HEX

from app.models.keeper import NO_CHAMPION, ModelKeeper
from domain.catalogue import FEATURE_NAMES

pytestmark = pytest.mark.anyio
Conninfo = Callable[[str], str]
VALUES = array("f", [0.3] * len(FEATURE_NAMES))
PATIENT_S = 20.0


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAREGATE_MODEL_KEY", MODEL_KEY_HEX)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture
def models(conninfo: Conninfo, made: Path) -> Iterator[RegisteredModels]:
    with psycopg.connect(conninfo("faregate_owner"), autocommit=True) as connection:
        yield RegisteredModels(connection, made)


@asynccontextmanager
async def kept(conninfo: Conninfo, folder: Path) -> AsyncIterator[ModelKeeper]:
    keeper = ModelKeeper(conninfo("faregate_api"), folder / "host", process="test:1")
    await keeper.feel()
    serving = asyncio.create_task(keeper.serve())
    try:
        yield keeper
    finally:
        serving.cancel()
        keeper.close()
        await keeper.leave()


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENT_S):
        while not true():
            await asyncio.sleep(0.01)


def champion(keeper: ModelKeeper) -> str | None:
    found = keeper.current().champion
    return found.version if found else None


async def test_an_empty_registry_is_told_and_the_first_champion_taken_up(
    conninfo: Conninfo, models: RegisteredModels, tmp_path: Path
) -> None:
    async with kept(conninfo, tmp_path) as keeper:
        assert (champion(keeper), keeper.refusal) == (None, NO_CHAMPION)
        version = models.add(1)
        models.move(version, "champion")
        await until(lambda: champion(keeper) == version)
        assert keeper.refusal is None
        await until(lambda: models.readiness() == {version: None})
        assert models.processes() == ["test:1"]
        assert keeper.folder_of(version) == tmp_path / "host" / version
        assert keeper.folder_of("mdl_unknown") is None
    assert models.processes() == []


async def test_every_place_is_taken_and_scores(
    conninfo: Conninfo, models: RegisteredModels, tmp_path: Path
) -> None:
    first, second, third = (models.add(seed) for seed in (1, 2, 3))
    models.move(first, "champion")
    models.move(second, "canary", share=0.5)
    models.move(third, "shadow")
    async with kept(conninfo, tmp_path) as keeper:
        service = keeper.current()
        assert [model.version for model in service.all()] == [first, second, third]
        assert service.canaries[0].share == 0.5
        assert len({await model.probability(VALUES, 5.0) for model in service.all()}) == 3
        models.move(third, "retired")
        await until(lambda: not keeper.current().shadows)


async def test_a_swap_waits_for_its_instant_and_nobody_is_without_a_model(
    conninfo: Conninfo, models: RegisteredModels, tmp_path: Path
) -> None:
    first, second = models.add(1), models.add(2)
    models.move(first, "champion")
    async with kept(conninfo, tmp_path) as keeper:
        models.wish(second)
        await until(lambda: models.readiness() == {first: None, second: None})
        assert champion(keeper) == first
        models.swap(second, first, in_s=1.0)
        seen = set()
        async with asyncio.timeout(PATIENT_S):
            while champion(keeper) != second:
                seen.add(champion(keeper))
                await asyncio.sleep(0.001)
        assert seen == {first}
        assert [shadow.version for shadow in keeper.current().shadows] == [first]


@pytest.mark.parametrize("name", ["model.so", "model.ubj"])
async def test_a_model_that_was_touched_is_refused_and_the_champion_goes_on(
    conninfo: Conninfo, models: RegisteredModels, tmp_path: Path, name: str
) -> None:
    first, second = models.add(1), models.add(2)
    models.move(first, "champion")
    models.spoil(second, name)
    async with kept(conninfo, tmp_path) as keeper:
        models.wish(second)
        await until(lambda: models.readiness().get(second))
        assert name in (models.readiness()[second] or "")
        models.swap(second, first, in_s=0.0)
        await until(lambda: not keeper.current().shadows)
        assert champion(keeper) == first


async def test_a_model_sealed_with_another_key_is_refused(
    conninfo: Conninfo, models: RegisteredModels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = models.add(1)
    models.move(version, "champion")
    monkeypatch.setenv("FAREGATE_MODEL_KEY", "ff" * 32)
    async with kept(conninfo, tmp_path) as keeper:
        assert champion(keeper) is None
        assert "seal" in (keeper.refusal or "")


async def test_a_copy_that_was_spoilt_on_this_host_is_fetched_again(
    conninfo: Conninfo, models: RegisteredModels, tmp_path: Path
) -> None:
    version = models.add(1)
    async with kept(conninfo, tmp_path) as keeper:
        folder = keeper.folder_of(version)
        assert folder is not None
        (folder / "model.ubj").write_bytes(b"spoilt")
        models.wish(version)
        await until(lambda: models.readiness().get(version))
        models.wish(version)  # again
        await until(lambda: models.readiness() == {version: None})
