"""Two phases: every living process has the model ready, then all change at one instant, or none does."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from time import time

import psycopg
import pytest
from api_readiness import answering, is_alive, says
from model_variants import write_variants

from domain.models import ModelState
from scoring.registry import MoveRefused, PromotionRefused, Registry
from scoring.registry.registry import SWITCH_AFTER_S

API = "faregate_api"


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_variants(tmp_path_factory.mktemp("models"), 4)


@pytest.fixture
def registry(conninfo: Callable[[str], str]) -> Iterator[Registry]:
    with psycopg.connect(conninfo("faregate_learner"), autocommit=True) as connection:
        yield Registry(connection)


@pytest.fixture
def versions(registry: Registry, folders: list[Path]) -> list[str]:
    """The first one is champion."""
    kept = [
        registry.register(folder, kind="offline", base_version=None, by="ana", why="").version
        for folder in folders
    ]
    registry.promote(kept[0], by="ana", why="first")
    return kept


@pytest.fixture
def owner(conninfo: Callable[[str], str]) -> Iterator[psycopg.Connection]:
    with psycopg.connect(conninfo("faregate_owner"), autocommit=True) as connection:
        yield connection


def states(registry: Registry) -> dict[str, str]:
    return {model.version: str(model.state) for model in registry.models()}


def wishes(registry: Registry) -> int:
    row = registry.connection.execute("select count(*) from model_wishes").fetchone()
    assert row
    return int(row[0])


def test_where_no_process_runs_nobody_is_waited_for(registry: Registry, versions: list[str]) -> None:
    promotion = registry.promote(versions[1], by="ana", why="better", wait_s=0)
    assert (promotion.version, promotion.former, promotion.processes) == (versions[1], versions[0], ())
    assert promotion.active_from_ms <= time() * 1000 + 50
    assert registry.former_champion() == registry.find(versions[0])
    assert [model.version for model in registry.in_state(ModelState.SHADOW)] == [versions[0]]


def test_all_processes_change_at_one_instant_after_all_are_ready(
    registry: Registry, versions: list[str], conninfo: Callable[[str], str]
) -> None:
    with answering(conninfo(API), "one"), answering(conninfo(API), "two"):
        promotion = registry.promote(versions[1], by="ana", why="better", wait_s=10)
    assert promotion.processes == ("one", "two")
    dethroned, crowned = registry.moves()[:2]
    assert (crowned.version, crowned.to_state, crowned.why) == (versions[1], "champion", "better")
    assert (dethroned.version, dethroned.to_state) == (versions[0], "shadow")
    assert versions[1] in dethroned.why
    assert crowned.active_from == dethroned.active_from
    ahead_s = (crowned.active_from - crowned.moved_at).total_seconds()
    assert SWITCH_AFTER_S - 0.1 < ahead_s <= SWITCH_AFTER_S
    assert wishes(registry) == 0


def test_one_process_that_cannot_serve_it_is_named_and_nothing_changes(
    registry: Registry, versions: list[str], conninfo: Callable[[str], str]
) -> None:
    before = states(registry)
    with (
        answering(conninfo(API), "one"),
        answering(conninfo(API), "two", refused="its seal does not match"),
        pytest.raises(PromotionRefused, match=rf"two cannot serve {versions[1]}: its seal does not match"),
    ):
        registry.promote(versions[1], by="ana", why="", wait_s=10)
    assert states(registry) == before
    assert wishes(registry) == 0


def test_a_process_that_says_nothing_is_named_and_what_it_said_before_does_not_count(
    registry: Registry, versions: list[str], owner: psycopg.Connection
) -> None:
    before = states(registry)
    is_alive(owner, "one")
    says(owner, "one", versions[1])
    with pytest.raises(PromotionRefused, match=r"one did not have .* ready within 0\.2 s"):
        registry.promote(versions[1], by="ana", why="", wait_s=0.2)
    with pytest.raises(PromotionRefused, match="one did not have"):
        registry.canary(versions[1], 0.1, by="ana", why="", wait_s=0)
    assert states(registry) == before
    assert wishes(registry) == 0


def test_a_process_that_is_gone_is_not_waited_for(
    registry: Registry, versions: list[str], owner: psycopg.Connection
) -> None:
    is_alive(owner, "gone")
    owner.execute("update api_processes set seen_at = clock_timestamp() - interval '6 s'")
    assert registry.promote(versions[1], by="ana", why="", wait_s=0).processes == ()


def test_a_rollback_retires_what_failed_and_goes_back_step_by_step(
    registry: Registry, versions: list[str]
) -> None:
    for version in versions[1:3]:
        registry.promote(version, by="learner", why="better")
    back = registry.rollback(by="learner", why="it loses money")
    assert (back.version, back.former) == (versions[1], versions[2])
    assert states(registry)[versions[2]] == "retired"
    assert registry.moves(versions[1])[0].why == "it loses money"
    assert registry.rollback(by="ana", why="").version == versions[0]
    assert registry.former_champion() is None
    with pytest.raises(MoveRefused, match="No model was champion before"):
        registry.rollback(by="ana", why="")
    assert registry.promote(versions[2], by="ana", why="it was right").former == versions[0]


def test_one_former_champion_stays_in_the_shadow_and_others_there_stay(
    registry: Registry, versions: list[str]
) -> None:
    registry.shadow(versions[3], by="ana", why="")
    for version in versions[1:3]:
        registry.promote(version, by="ana", why="")
    assert states(registry) == dict(zip(versions, ("retired", "shadow", "champion", "shadow"), strict=True))


def test_a_champion_is_not_promoted_again(registry: Registry, versions: list[str]) -> None:
    with pytest.raises(MoveRefused, match="champion already"):
        registry.promote(versions[0], by="ana", why="")


def test_of_promoters_at_once_one_is_the_last_and_there_is_one_champion(
    registry: Registry, versions: list[str], conninfo: Callable[[str], str]
) -> None:
    done: list[object] = []
    start = threading.Barrier(3)

    def promote(version: str) -> None:
        with psycopg.connect(conninfo("faregate_learner"), autocommit=True) as connection:
            start.wait(10)
            done.append(Registry(connection).promote(version, by=version, why="", wait_s=10))

    threads = [threading.Thread(target=promote, args=[version]) for version in versions[1:]]
    with answering(conninfo(API), "one"):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(done) == 3
    (champion,) = registry.in_state(ModelState.CHAMPION)
    crowned = [move for move in reversed(registry.moves()) if move.to_state is ModelState.CHAMPION]
    assert crowned[-1].version == champion.version
    assert [move.active_from for move in crowned] == sorted(move.active_from for move in crowned)
    assert wishes(registry) == 0


def test_a_rollback_does_not_undo_what_was_promoted_meanwhile(
    registry: Registry, versions: list[str], conninfo: Callable[[str], str], owner: psycopg.Connection
) -> None:
    registry.promote(versions[1], by="ana", why="")
    is_alive(owner, "slow")
    refusals: list[str] = []

    def roll_back() -> None:
        with psycopg.connect(conninfo("faregate_learner"), autocommit=True) as connection:
            try:
                Registry(connection).rollback(by="learner", why="", wait_s=30)
            except MoveRefused as problem:
                refusals.append(str(problem))

    with psycopg.connect(conninfo(API), autocommit=True) as listener:
        listener.execute("listen models")
        thread = threading.Thread(target=roll_back)
        thread.start()
        assert [notice.payload for notice in listener.notifies(timeout=10, stop_after=1)] == [versions[0]]
        with owner.transaction():  # at its end, and not before, nobody is waited for any more
            owner.execute("delete from api_processes")
            Registry(owner).promote(versions[2], by="ana", why="", wait_s=0)
        thread.join()
    assert ["another was promoted meanwhile" in refusal for refusal in refusals] == [True]
    assert states(registry)[versions[2]] == "champion"


def test_a_promoter_that_was_killed_leaves_a_wish_that_ends(
    registry: Registry, versions: list[str], owner: psycopg.Connection
) -> None:
    owner.execute(
        "insert into model_wishes values (%s, 'dead', now() - interval '1 hour', now() - interval '59 min')",
        [versions[2]],
    )
    registry.promote(versions[1], by="ana", why="")
    assert wishes(registry) == 0
