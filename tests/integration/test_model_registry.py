"""Models kept in PostgreSQL: what is registered, where it stands, and how it comes back to disk."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from model_variants import write_variants
from small_model import MODEL_KEY

from domain.errors import ModelRefused
from domain.models import ModelState
from scoring.registry import ModelUnknown, MoveRefused, Registry
from scoring.scorer import Scorer


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_variants(tmp_path_factory.mktemp("models"), 3)


@pytest.fixture
def registry(conninfo: Callable[[str], str]) -> Iterator[Registry]:
    with psycopg.connect(conninfo("faregate_learner"), autocommit=True) as connection:
        yield Registry(connection)


def kept(registry: Registry, folder: Path) -> str:
    return registry.register(folder, kind="offline", base_version=None, by="ana", why="tried").version


def test_a_model_is_kept_once_and_begins_as_a_candidate(registry: Registry, folders: list[Path]) -> None:
    model = registry.register(
        folders[0], kind="offline", base_version=None, by="ana", why="tried", report="<html>"
    )
    again = registry.register(folders[0], kind="offline", base_version=None, by="ben", why="tried again")
    assert again == model == registry.find(model.version)
    assert (model.state, model.share, model.registered_by) == (ModelState.CANDIDATE, 0.0, "ana")
    assert "+" in model.code_version
    assert registry.report_of(model.version) == "<html>"
    (move,) = registry.moves()
    assert (move.from_state, move.to_state, move.moved_by, move.why) == (None, "candidate", "ana", "tried")


def test_a_recent_model_names_the_model_under_it(registry: Registry, folders: list[Path]) -> None:
    base = kept(registry, folders[0])
    recent = registry.register(folders[1], kind="recent", base_version=base, by="ana", why="")
    assert (recent.kind, recent.base_version) == ("recent", base)
    with pytest.raises(MoveRefused, match="names the offline model"):
        registry.register(folders[2], kind="recent", base_version=None, by="ana", why="")
    with pytest.raises(ModelUnknown, match="mdl_none"):
        registry.register(folders[2], kind="recent", base_version="mdl_none", by="ana", why="")
    assert len(registry.models()) == 2


def test_a_model_is_found_by_its_first_letters(registry: Registry, folders: list[Path]) -> None:
    first, second = (kept(registry, folder) for folder in folders[:2])
    assert registry.find(first).version == registry.find(first[:10]).version == first
    assert registry.find(second.removeprefix("mdl_")[:8]).version == second
    with pytest.raises(ModelUnknown, match="more of its letters"):
        registry.find("mdl_")
    for unknown in ("mdl_zz", ""):
        with pytest.raises(ModelUnknown, match="faregate model list"):
            registry.find(unknown)


def test_a_spoilt_folder_is_not_kept(registry: Registry, folders: list[Path], tmp_path: Path) -> None:
    spoilt = Path(shutil.copytree(folders[0], tmp_path / "spoilt"))
    (spoilt / "model.ubj").write_bytes(b"")
    with pytest.raises(ModelRefused, match=r"model\.ubj"):
        kept(registry, spoilt)
    assert registry.models() == []


def test_a_model_comes_back_to_disk_whole_and_may_be_loaded(
    registry: Registry, folders: list[Path], tmp_path: Path
) -> None:
    version = kept(registry, folders[0])
    folder = registry.folder_of(version[:12], tmp_path)
    assert folder == tmp_path / version
    assert Scorer.load(folder, MODEL_KEY).version == version
    written = folder.stat().st_ino
    assert registry.folder_of(version, tmp_path).stat().st_ino == written
    (folder / "model.tl").unlink()
    assert Scorer.load(registry.folder_of(version, tmp_path), MODEL_KEY).version == version


def test_a_file_changed_in_the_database_does_not_come_to_disk(
    registry: Registry, folders: list[Path], tmp_path: Path, conninfo: Callable[[str], str]
) -> None:
    version = kept(registry, folders[0])
    with psycopg.connect(conninfo("faregate_owner"), autocommit=True) as owner:
        owner.execute("update model_files set content = '\\x00' where name = 'model.so'")
    with pytest.raises(ModelRefused, match=rf"{version}: model\.so is not the file"):
        registry.folder_of(version, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_way_of_a_model(registry: Registry, folders: list[Path]) -> None:
    champion, other = (kept(registry, folder) for folder in folders[:2])
    registry.promote(champion, by="ana", why="first")
    registry.shadow(other, by="ana", why="looks good")
    registry.canary(other, 0.1, by="ana", why="still does")
    registry.canary(other, 0.3, by="ana", why="more of it")
    assert registry.find(other).share == 0.3
    registry.retire(other, by="ana", why="no more")
    states = [(move.from_state, move.to_state, move.share) for move in registry.moves(other)]
    assert states == [
        ("canary", "retired", 0.0),
        ("canary", "canary", 0.3),
        ("shadow", "canary", 0.1),
        ("candidate", "shadow", 0.0),
        (None, "candidate", 0.0),
    ]
    assert [model.version for model in registry.in_state(ModelState.RETIRED)] == [other]


def test_a_move_that_would_harm_is_refused(registry: Registry, folders: list[Path]) -> None:
    first, second, third = (kept(registry, folder) for folder in folders)
    with pytest.raises(MoveRefused, match="no champion"):
        registry.canary(first, 0.1, by="ana", why="")
    registry.promote(first, by="ana", why="")
    for leave in (registry.shadow, registry.retire):
        with pytest.raises(MoveRefused, match="promote another"):
            leave(first, by="ana", why="")
    registry.canary(second, 0.1, by="ana", why="")
    with pytest.raises(MoveRefused, match=f"{second} is the canary now"):
        registry.canary(third, 0.1, by="ana", why="")
    for share in (0.0, 1.0, float("nan")):
        with pytest.raises(MoveRefused, match="between 0 and 1"):
            registry.canary(second, share, by="ana", why="")
    registry.shadow(third, by="ana", why="")
    with pytest.raises(MoveRefused, match="shadow already"):
        registry.shadow(third, by="ana", why="")
    registry.retire(third, by="ana", why="")
    with pytest.raises(MoveRefused, match="retired and cannot go to canary"):
        registry.canary(third, 0.1, by="ana", why="")
    assert registry.find(first).state is ModelState.CHAMPION


def test_a_later_move_is_never_active_before_an_earlier_one(
    registry: Registry, folders: list[Path], conninfo: Callable[[str], str]
) -> None:
    first, second = (kept(registry, folder) for folder in folders[:2])
    registry.promote(first, by="ana", why="")
    registry.canary(second, 0.1, by="ana", why="")
    with psycopg.connect(conninfo("faregate_owner"), autocommit=True) as owner:
        owner.execute("update model_moves set active_from = clock_timestamp() + '10 s' where share > 0")
    registry.retire(second, by="ana", why="at once")
    retired, canary, *_ = registry.moves(second)
    assert retired.active_from >= canary.active_from


def test_every_move_is_notified(
    registry: Registry, folders: list[Path], conninfo: Callable[[str], str]
) -> None:
    with psycopg.connect(conninfo("faregate_api"), autocommit=True) as listener:
        listener.execute("listen models")
        version = kept(registry, folders[0])
        registry.shadow(version, by="ana", why="")
        told = [notice.payload for notice in listener.notifies(timeout=5, stop_after=2)]
    assert told == [version, version]
