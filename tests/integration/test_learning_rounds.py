"""Rounds of the learner on a real ledger and registry: what each state of affairs makes them do."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
from learning_city import FREE, MATURITY_MS, Ledger, payments, write_past
from small_model import MODEL_KEY

from domain.models import ModelState
from scoring.dataset import PRESUMED
from scoring.learning.recent import read_recent
from scoring.learning.round import play
from scoring.learning.rounds import Round, Rounds
from scoring.learning.settings import LearningSettings
from scoring.learning.workshop import Workshop
from scoring.registry import Registry
from scoring.train import train

Conninfo = Callable[[str], str]
OWNER, LEARNER = "faregate_owner", "faregate_learner"
MINUTE_MS = 60_000


@pytest.fixture(scope="session")
def past(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_past(tmp_path_factory.mktemp("past") / "past.parquet")


@pytest.fixture(scope="session")
def first_model(past: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("first") / "model"
    train(past, out, key=MODEL_KEY, on_progress=lambda _: None)
    return out


@pytest.fixture
def ledger(conninfo: Conninfo) -> Iterator[Ledger]:
    with psycopg.connect(conninfo(OWNER), autocommit=True) as connection:
        yield Ledger(connection=connection)


@pytest.fixture
def settings(past: Path) -> LearningSettings:
    return LearningSettings(key=MODEL_KEY, training_set=past, maturity_ms=MATURITY_MS)


@pytest.fixture
def champion(ledger: Ledger, first_model: Path) -> str:
    registry = Registry(ledger.connection)
    version = registry.register(first_model, kind="offline", base_version=None, by="test", why="").version
    registry.promote(version, by="test", why="the first")
    return version


@pytest.fixture
def round_of(conninfo: Conninfo, settings: LearningSettings, tmp_path: Path) -> Callable[..., Round]:
    """Plays a round as the learner does, and gives what it recorded."""

    def played(**given: Any) -> Round:
        with psycopg.connect(conninfo(LEARNER), autocommit=True) as connection:
            done = play(connection, given.pop("settings", settings), tmp_path, **given)
        assert done is not None
        return done

    return played


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def attacked(ledger: Ledger, *, frauds: int = 80, honest: int = 1_000) -> None:
    """Ten minutes of payments with a new attack in them, all matured."""
    vectors, labels = payments(honest, 0, frauds, seed=2)
    ledger.add(vectors, labels, from_ms_=now_ms() - 12 * MINUTE_MS, until_ms=now_ms() - 2 * MINUTE_MS)


def state_of(ledger: Ledger, version: str | None) -> ModelState:
    return Registry(ledger.connection).find(str(version)).state


def test_a_new_attack_is_learned_and_the_model_goes_its_way(
    ledger: Ledger, champion: str, round_of: Callable[..., Round]
) -> None:
    attacked(ledger)

    made = round_of()
    assert (made.verdict, made.trigger, made.labels) == ("shadow", "labels", 1_160)
    assert made.candidate is not None
    new = Registry(ledger.connection).find(made.candidate)
    assert (new.kind, new.base_version, new.state) == ("recent", champion, ModelState.SHADOW)

    waits = round_of()
    assert (waits.verdict, waits.candidate) == ("idle", new.version)
    assert "it scored 0 payments, 100 are needed" in waits.why

    vectors, labels = payments(250, 0, 0, seed=3)
    honest = np.full(250, 0.004)
    now = now_ms()
    ids = ledger.add(vectors, labels, from_ms_=now, until_ms=now + 1, probabilities=honest, name="shadowed")
    ledger.shadow_scores(new.version, ids, 0.003)
    assert round_of().verdict == "canary"

    later = now_ms() + 1_000  # the canary decides from half a second on
    for name, version in (("canary", new.version), ("king", champion)):
        ledger.add(
            vectors,
            labels,
            from_ms_=later,
            until_ms=later + 1,
            version=version,
            probabilities=honest,
            name=name,
        )
    assert round_of().verdict == "promoted"
    assert state_of(ledger, new.version) is ModelState.CHAMPION
    assert state_of(ledger, champion) is ModelState.SHADOW
    assert ledger.one("select count(*) from learning_rounds") == 4


def test_a_champion_that_loses_money_is_rolled_back(
    ledger: Ledger, champion: str, round_of: Callable[..., Round], tmp_path: Path
) -> None:
    """It lets pass every fraud that its predecessor would have stopped."""
    worse = other_model(tmp_path)
    registry = Registry(ledger.connection)
    registry.register(worse, kind="offline", base_version=None, by="test", why="")
    version = worse.name
    registry.promote(version, by="test", why="a mistake")
    vectors, labels = payments(300, 60, 0, seed=4)
    ledger.connection.execute("update model_moves set active_from = active_from - interval '10 minutes'")
    ids = ledger.add(
        vectors, labels, from_ms_=now_ms() - 9 * MINUTE_MS, until_ms=now_ms() - 2 * MINUTE_MS, version=version
    )
    frauds = [decision for decision, label in zip(ids, labels, strict=True) if label]
    ledger.shadow_scores(champion, frauds, 0.999, "decline")
    ledger.shadow_scores(champion, sorted(set(ids) - set(frauds)), 0.001)

    done = round_of()

    assert done.verdict == "rolled_back"
    assert "worse: on 360 matured payments it loses" in done.why
    assert state_of(ledger, champion) is ModelState.CHAMPION
    assert state_of(ledger, version) is ModelState.RETIRED


def other_model(folder: Path) -> Path:
    """The small one, in a folder named after its version."""
    from small_model import write_small_model

    made = write_small_model(folder / "small")
    version = json.loads((made / "signature.json").read_text())["version"]
    return made.rename(folder / version)


def test_without_a_champion_nothing_is_learned(round_of: Callable[..., Round]) -> None:
    done = round_of()
    assert (done.verdict, done.why[:21]) == ("refused", "There is no champion ")


@pytest.mark.usefixtures("champion")
def test_too_few_frauds_train_nobody(ledger: Ledger, round_of: Callable[..., Round]) -> None:
    attacked(ledger, frauds=20)
    done = round_of()
    assert (done.verdict, done.labels) == ("idle", 1_040)
    assert "20 frauds have matured (20 are known), 40 are needed" in done.why
    assert round_of().labels == 0  # the same labels are news once


def test_frauds_alone_are_refused_and_not_tried_again(
    ledger: Ledger, champion: str, round_of: Callable[..., Round]
) -> None:
    attacked(ledger, honest=0)
    done = round_of()
    assert done.verdict == "refused"
    assert "0 honest payments have matured beside 80 frauds" in done.why
    assert round_of().verdict == "idle"
    assert state_of(ledger, champion) is ModelState.CHAMPION


@pytest.mark.usefixtures("champion")
def test_a_vanished_feature_is_named(ledger: Ledger, round_of: Callable[..., Round]) -> None:
    vectors, labels = payments(1_000, 0, 80, seed=2)
    vectors[:, FREE[5]] = np.nan
    ledger.add(vectors, labels, from_ms_=now_ms() - 12 * MINUTE_MS, until_ms=now_ms() - 2 * MINUTE_MS)
    done = round_of()
    assert done.verdict == "refused"
    from domain.catalogue import FEATURE_NAMES

    assert FEATURE_NAMES[FREE[5]] in done.why


def test_a_model_changed_in_the_database_is_not_built_upon(
    ledger: Ledger, champion: str, round_of: Callable[..., Round]
) -> None:
    attacked(ledger)
    ledger.connection.execute("update model_files set content = content || 'x' where name = 'model.ubj'")
    done = round_of()
    assert done.verdict == "refused"
    assert "model.ubj is not the file that was signed" in done.why
    assert state_of(ledger, champion) is ModelState.CHAMPION


@pytest.mark.usefixtures("champion")
def test_a_clock_that_was_set_back_stops_learning(ledger: Ledger, round_of: Callable[..., Round]) -> None:
    round_of()
    ledger.connection.execute("update learning_rounds set ended_at = ended_at + interval '1 hour'")
    done = round_of()
    assert done.verdict == "refused"
    assert "behind the last round" in done.why


@pytest.mark.usefixtures("champion")
def test_a_clock_that_was_set_forward_matures_nothing(ledger: Ledger, round_of: Callable[..., Round]) -> None:
    attacked(ledger)
    hour_ms = 60 * MINUTE_MS
    assert round_of(clock_jump_ms=hour_ms).verdict == "refused"
    done = round_of()
    assert done.verdict == "idle"
    assert "0 frauds have matured (80 are known)" in done.why


def test_a_second_learner_leaves_its_round_out(
    ledger: Ledger, conninfo: Conninfo, settings: LearningSettings, tmp_path: Path
) -> None:
    with (
        psycopg.connect(conninfo(LEARNER), autocommit=True) as one,
        psycopg.connect(conninfo(LEARNER), autocommit=True) as other,
    ):
        assert play(one, settings, tmp_path) is not None
        assert play(other, settings, tmp_path) is None
    assert ledger.one("select count(*) from learning_rounds") == 1


def test_labels_that_teach_nothing_new_are_told_and_the_candidate_is_retired(
    ledger: Ledger, champion: str, round_of: Callable[..., Round]
) -> None:
    """Fraud without any pattern: no model is better at it."""
    vectors, _ = payments(1_080, 0, 0, seed=2)
    labels = np.zeros(1_080, np.int8)
    labels[::13] = 1
    ledger.add(vectors, labels, from_ms_=now_ms() - 12 * MINUTE_MS, until_ms=now_ms() - 2 * MINUTE_MS)
    done = round_of()
    assert done.verdict == "rejected"
    assert state_of(ledger, done.candidate) is ModelState.RETIRED
    (why,) = [m.why for m in Registry(ledger.connection).moves(done.candidate) if m.to_state == "retired"]
    assert why in done.why
    assert state_of(ledger, champion) is ModelState.CHAMPION


@pytest.mark.parametrize("most", [5, 1_000])
def test_recent_payments_are_read_on_both_sides_of_the_maturity(
    most: int, ledger: Ledger, conninfo: Conninfo, settings: LearningSettings, tmp_path: Path
) -> None:
    """And at most so many decisions a side."""
    vectors, labels = payments(16, 0, 4, seed=2)
    now = now_ms()
    for name, ago_s in (("old", 120), ("new", 30)):
        ledger.add(
            vectors, labels, from_ms_=now - 1_000 * ago_s, until_ms=now - 1_000 * (ago_s - 20), name=name
        )
    with psycopg.connect(conninfo(LEARNER), autocommit=True) as connection:
        shop = Workshop(
            connection=connection,
            registry=Registry(connection),
            rounds=Rounds(connection),
            settings=settings,
            scratch=tmp_path,
            now_ms=now,
            maturity_ms=MATURITY_MS,
        )
        recent = read_recent(shop, most=most)
    read = min(most, 20)
    matured = recent.rows.between(None, now - MATURITY_MS)
    assert (len(matured), matured.frauds) == (read, int(labels[-read:].sum()))
    young = recent.rows.between(now - MATURITY_MS, None)
    assert (len(young), young.frauds) == (read, int(labels[-read:].sum()))
    assert set(young.sources[young.labels == 0]) == {PRESUMED}
    assert PRESUMED not in matured.sources


KILLED_AT = {
    "the ledger is read": "scoring.learning.candidate.divide",
    "the model is in the registry": "scoring.registry.registry.Registry.shadow",
    "the model was moved": "scoring.learning.rounds.Rounds.add",
}
KILLER = """
import os, sys
from importlib import import_module
path, name = sys.argv.pop(1).rsplit(".", 1)
try:
    where = import_module(path)
except ModuleNotFoundError:
    module, owner = path.rsplit(".", 1)
    where = getattr(import_module(module), owner)
setattr(where, name, lambda *_, **__: os.kill(os.getpid(), 9))
from scoring.learning.turn import main
sys.exit(main(sys.argv[1:], os.environ))
"""


@pytest.fixture
def kill_at(conninfo: Conninfo, settings: LearningSettings, tmp_path: Path) -> Callable[[str], None]:
    """Plays a round in a process of its own, which is killed when it comes to a point."""

    def killed(point: str) -> None:
        scratch = tmp_path / "killed"
        scratch.mkdir()
        turn = [sys.executable, "-c", KILLER, KILLED_AT[point], str(scratch), "0"]
        ended = subprocess.run(turn, env=learner_env(conninfo, settings), capture_output=True, check=False)
        assert ended.returncode == -9, ended.stderr.decode()

    return killed


@pytest.mark.parametrize(
    "point", [pytest.param(point, marks=[pytest.mark.proof] * (n != 1)) for n, point in enumerate(KILLED_AT)]
)
def test_a_round_may_be_killed_at_any_point(
    point: str,
    ledger: Ledger,
    champion: str,
    kill_at: Callable[[str], None],
    round_of: Callable[..., Round],
) -> None:
    attacked(ledger)
    kill_at(point)

    assert state_of(ledger, champion) is ModelState.CHAMPION
    assert ledger.one("select count(*) from model_moves where to_state = 'champion'") == 1
    assert ledger.one("select count(*) from learning_rounds") == 0
    whole = ledger.one("select count(*) from models where version not in (select version from model_files)")
    assert whole == 0

    verdicts = [round_of().verdict]
    if verdicts == ["rejected"]:  # what the killed round left is out of the way, and the next one learns
        verdicts.append(round_of().verdict)
    assert verdicts[-1] in ("shadow", "idle")
    states = [model.state for model in Registry(ledger.connection).models()]
    assert states.count(ModelState.SHADOW) == 1
    assert ModelState.CANDIDATE not in states


def learner_env(conninfo: Conninfo, settings: LearningSettings) -> dict[str, str]:
    parts = psycopg.conninfo.conninfo_to_dict(conninfo(LEARNER))
    names = {
        "host": "PGHOST",
        "port": "PGPORT",
        "dbname": "PGDATABASE",
        "user": "PGUSER",
        "password": "PGPASSWORD",
    }
    return (
        dict(os.environ)
        | {names[key]: str(value) for key, value in parts.items() if key in names}
        | {
            "FAREGATE_MODEL_KEY": settings.key.hex(),
            "FAREGATE_TRAINING_SET": str(settings.training_set),
            "FAREGATE_MATURITY_S": str(settings.maturity_ms // 1000),
        }
    )


@pytest.mark.usefixtures("champion")
def test_another_key_builds_upon_no_model(
    ledger: Ledger, round_of: Callable[..., Round], settings: LearningSettings
) -> None:
    attacked(ledger)
    done = round_of(settings=replace(settings, key=bytes(32)))
    assert done.verdict == "refused"
    assert "seal does not match" in done.why
