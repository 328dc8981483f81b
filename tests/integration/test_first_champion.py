"""The first start's model goes to the registry and becomes champion, however often that is begun."""

import shutil
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from small_model import MODEL_KEY_HEX, write_small_model

from deploy.embedded import bootstrap
from deploy.embedded.home import Home
from scoring.registry import Registry


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small_model(tmp_path_factory.mktemp("models") / "small")


@pytest.fixture
def train(
    conninfo: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], int]:
    for name, value in conninfo_to_dict(conninfo("faregate_learner")).items():
        variable = {"dbname": "PGDATABASE", "sslmode": "PGSSLMODE"}.get(name, f"PG{name.upper()}")
        monkeypatch.setenv(variable, str(value))
    env = {"FAREGATE_HOME": str(tmp_path), "FAREGATE_MODEL_KEY": MODEL_KEY_HEX}
    return lambda: bootstrap.main(["train"], env)


def test_a_model_that_is_there_is_registered_and_promoted_once(
    train: Callable[[], int], small: Path, tmp_path: Path, conninfo: Callable[[str], str]
) -> None:
    shutil.copytree(small, Home(root=tmp_path).model)
    assert train() == 0
    assert train() == 0
    with psycopg.connect(conninfo("faregate_learner"), autocommit=True) as connection:
        registry = Registry(connection)
        champion = registry.champion()
        assert champion
        assert [move.moved_by for move in registry.moves(champion.version)] == ["bootstrap", "bootstrap"]


def test_what_is_not_whole_or_sealed_with_another_key_is_trained_again(
    train: Callable[[], int], small: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Here there is nothing to learn from, which it then says."""
    home = Home(root=tmp_path)
    shutil.copytree(small, home.model)
    (home.model / "signature.seal").write_text("00" * 32)
    assert train() == 1
    assert str(home.training_set) in caplog.text
