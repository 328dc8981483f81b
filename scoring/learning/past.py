"""The replayed past: what offline models learn from, and a reminder of it for those that follow the news."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scoring import dataset
from scoring.dataset import Dataset, Split

REPLAYED_ROWS = 8_000


@dataclass(frozen=True, kw_only=True)
class Past:
    """Models learn from `split.train` alone, so its later parts can judge every one of them."""

    split: Split

    @classmethod
    def read(cls, parquet: Path) -> "Past":
        """Raises TrainingSetRefused."""
        return cls(split=dataset.split_by_time(dataset.read(parquet)))

    def reminder(self, seed: int) -> Dataset:
        """Some of the rows to learn from, others for every seed."""
        train = self.split.train
        if len(train) <= REPLAYED_ROWS:
            return train
        drawn = np.random.default_rng(seed).choice(len(train), REPLAYED_ROWS, replace=False)
        return train.take(np.sort(drawn))

    @property
    def later(self) -> Dataset:
        """What no model learned from."""
        return Dataset.concat(self.split.validation, self.split.test)
