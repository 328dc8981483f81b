import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from small_model import MODEL_KEY

from domain.catalogue import FEATURE_NAMES, FEATURES
from scoring import dataset
from scoring.dataset import Dataset
from scoring.train import ModelReport, train

ROWS = 4_000
FRAUD_SHARE = 0.04
TELLING = 8  # of so many features the fraud depends, however many the catalogue has
KINDS = ("stolen_card_burst", "card_testing")
START_MS = 1_700_000_000_000


def training_table(*, rows: int = ROWS, seed: int = 1) -> pa.Table:
    """Payments, 10 s apart, whose risk rises with some features that the catalogue says it rises with."""
    random = np.random.default_rng(seed)
    vectors = np.floor(random.gamma(1.2, 3, (rows, len(FEATURES)))).astype(np.float32)
    telling = [i for i, feature in enumerate(FEATURES) if feature.risk][:TELLING]
    risk = vectors[:, telling] @ np.array([FEATURES[i].risk for i in telling]) + random.normal(0, 3, rows)
    vectors[random.random(vectors.shape) < 0.05] = np.nan
    label = (risk > np.quantile(risk, 1 - FRAUD_SHARE)).astype(np.int8)
    columns = {name: vectors[:, i] for i, name in enumerate(FEATURE_NAMES)}
    return pa.table(
        columns
        | {
            "transaction_id": [f"txn_{i:06d}" for i in range(rows)],
            "as_of_ms": START_MS + 10_000 * np.arange(rows),
            "amount_minor": random.integers(300, 9_000, rows),
            "label": label,
            "user_id": [f"usr_{number}" for number in random.integers(0, rows // 4, rows)],
            "card_id": [f"card_{number}" for number in random.integers(0, rows // 4, rows)],
            "kind": np.where(label == 1, random.choice(KINDS, rows), ""),
        }
    )


@pytest.fixture(scope="session")
def table() -> pa.Table:
    return training_table()


@pytest.fixture
def write(tmp_path: Path) -> Callable[[pa.Table], Path]:
    def write_table(table: pa.Table) -> Path:
        path = tmp_path / "training.parquet"
        pq.write_table(table, path)
        return path

    return write_table


@pytest.fixture(scope="session")
def training_set(table: pa.Table, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("training") / "training.parquet"
    pq.write_table(table, path)
    return path


@pytest.fixture(scope="session")
def rows(training_set: Path) -> Dataset:
    return dataset.read(training_set)


@pytest.fixture(scope="session")
def trained(training_set: Path, tmp_path_factory: pytest.TempPathFactory) -> ModelReport:
    out = tmp_path_factory.mktemp("trained") / "model"
    return train(training_set, out, key=MODEL_KEY, on_progress=lambda _: None)


@pytest.fixture
def model(trained: ModelReport, tmp_path: Path) -> Path:
    """A copy of the trained model, to be spoilt."""
    return Path(shutil.copytree(trained.folder, tmp_path / "model"))


@pytest.fixture(scope="session")
def interpreted(
    training_set: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[ModelReport, list[str]]:
    """The same model, trained where no program is on PATH; with what was said meanwhile."""
    said: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", "")
        out = tmp_path_factory.mktemp("bare") / "model"
        return train(training_set, out, key=MODEL_KEY, on_progress=said.append), said
