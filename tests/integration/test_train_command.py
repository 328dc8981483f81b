"""`faregate train` as people use it: a candidate in the registry, of the past and of the ledger."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psycopg
import pytest
from dataset_factories import a_dataset, write_training_set
from ledger_rows import add_decision, add_label
from psycopg.conninfo import conninfo_to_dict
from small_model import MODEL_KEY, MODEL_KEY_HEX

from deploy.cli import train as command
from deploy.cli.train import Asked, train
from deploy.embedded.home import Home
from domain.display import DAY_MS, HOUR_MS
from domain.events import from_ms
from scoring.dataset import Dataset, TrainingSetRefused
from scoring.registry import Registry
from scoring.scorer import Scorer

ENV = {"FAREGATE_MODEL_KEY": MODEL_KEY_HEX, "FAREGATE_ANALYST": "ana", "PGHOST": "of the test"}
PAST = a_dataset(1_200)


@pytest.fixture
def own(tmp_path: Path) -> Home:
    home = Home(root=tmp_path)
    write_training_set(PAST, home.training_set)
    return home


@pytest.fixture
def database(conninfo: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> Iterator[psycopg.Connection]:
    for name, value in conninfo_to_dict(conninfo("faregate_learner")).items():
        variable = {"dbname": "PGDATABASE", "sslmode": "PGSSLMODE"}.get(name, f"PG{name.upper()}")
        monkeypatch.setenv(variable, str(value))
    with psycopg.connect(conninfo("faregate_owner"), autocommit=True) as connection:
        yield connection


def scenario(*_: object) -> dict[str, Dataset]:
    return {"surge": PAST.take(slice(0, 500))}


def test_a_model_of_the_past_becomes_a_candidate_with_its_report(
    own: Home,
    database: psycopg.Connection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(command, "_scenarios", scenario)
    train(own, ENV, Asked(report=tmp_path / "report.html"))
    registry = Registry(database)
    (model,) = registry.models()
    assert (model.state, model.kind, model.registered_by) == ("candidate", "offline", "ana")
    text = (tmp_path / "report.html").read_text()
    assert f"<h1>Model {model.version}</h1>" in text
    assert "Scenario: surge" in text
    assert registry.report_of(model.version) == text
    assert f"faregate model shadow {model.version}" in capsys.readouterr().err


def test_the_ledger_teaches_too_and_what_it_cannot_say_is_told(
    own: Home, database: psycopg.Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    at_ms = time.time_ns() // 1_000_000 - DAY_MS
    rows = a_dataset(300, seed=5)
    for vector, label in zip(rows.vectors, rows.labels, strict=True):
        made = add_decision(
            database, decided_at=from_ms(at_ms), as_of_ms=at_ms, vector=vector.astype("<f4").tobytes()
        )
        add_label(database, made, "fraud" if label else "good")
    add_decision(database, decided_at=from_ms(at_ms + HOUR_MS), vector=None)
    train(own, ENV, Asked(from_ledger=True))
    told = capsys.readouterr().err
    assert "1 set aside: no vector" in told
    assert "300 labelled payments of the ledger, worth 300 of equal weight" in told
    (model,) = Registry(database).models()
    assert model.data_until.date() == from_ms(at_ms).date()


def test_a_folder_needs_no_database(own: Home, tmp_path: Path) -> None:
    train(own, ENV, Asked(out=tmp_path / "mine"))
    assert np.isfinite(Scorer.load(tmp_path / "mine", MODEL_KEY).score(PAST.vectors[0]))


def test_what_cannot_teach_leaves_no_candidate(own: Home, database: psycopg.Connection) -> None:
    write_training_set(PAST.take(PAST.labels == 0), own.training_set)
    with pytest.raises(TrainingSetRefused, match="honest payments only"):
        train(own, ENV, Asked())
    assert Registry(database).models() == []
