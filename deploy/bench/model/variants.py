"""The same task by larger and smaller models, and the default model served in several ways."""

import tempfile
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import xgboost
from msgspec import Struct

from deploy.bench.model.timing import Times, cold, warm
from domain.catalogue import FEATURE_NAMES
from scoring.booster_trees import exact_margins, splits
from scoring.compile import compile_model
from scoring.compress.distil import distil
from scoring.compress.prune import average_precision_of, prune
from scoring.compress.recipe import SHAPE, TREES, grow
from scoring.compress.teacher import fit_teacher
from scoring.contributions import XGBoostLibrary
from scoring.dataset import Dataset, Split
from scoring.scorer import CHECKPOINT_FILE, LIBRARY_FILE
from scoring.train import PARAMETERS
from scoring.trees import CompiledTrees, InterpretedTrees, Trees
from scoring.verify import verification_rows

WARM_ROWS, COLD_ROWS, SLOW_ROWS, COMPARED_ROWS = 5_000, 300, 1_000, 20_000
SEEDS = (1, 2, 3)  # one fit's AP is half a percent up or down
SIZE = len(FEATURE_NAMES)
DEFAULT = "default"
DEEP = {"grow_policy": "depthwise", "max_leaves": 0, "max_depth": 4}
HEADINGS = {
    "name": "model",
    "trees": "trees",
    "splits": "splits",
    "size_kib": "KiB",
    "warm_p50_us": "warm p50",
    "warm_p99_us": "p99",
    "cold_p50_us": "cold p50",
    "cold_p99_us": "p99",
    "explain_p50_us": "explained p50",
    "ap": "AP",
    "ap_lost": "AP lost",
    "max_abs_diff": "off by",
}

Parameters = Mapping[str, object]
Recipe = Callable[[Split, xgboost.Booster, Parameters], xgboost.Booster]  # of rows, the teacher, and a seed


class Variant(Struct, frozen=True, kw_only=True):
    """Times in microseconds, from a list of numbers to a margin; `ap_lost` is a share of the teacher's AP."""

    name: str
    trees: int
    splits: int
    size_kib: float
    warm_p50_us: float
    warm_p99_us: float
    cold_p50_us: float
    cold_p99_us: float
    explain_p50_us: float
    ap: float
    ap_lost: float
    max_abs_diff: float  # in log odds, against XGBoost's leaves


def _pruned(booster: xgboost.Booster, split: Split, parameters: Parameters) -> xgboost.Booster:
    return prune(booster, split.train, split.validation, parameters)


RECIPES: Mapping[str, Recipe] = {
    "teacher": lambda _, teacher, __: teacher,
    "teacher, pruned": lambda split, teacher, own: _pruned(teacher, split, own),
    "200 trees of depth 4": lambda split, _, own: grow(
        split.train, own, trees=200, shape={**DEEP, "learning_rate": 0.08}
    ),
    "150 trees of depth 4": lambda split, _, own: grow(
        split.train, own, trees=150, shape={**DEEP, "learning_rate": 0.1}
    ),
    "150 trees of 12 leaves": lambda split, _, own: grow(
        split.train, own, trees=150, shape={**SHAPE, "learning_rate": 0.08}
    ),
    DEFAULT: lambda split, _, own: grow(split.train, own),
    "default, pruned": lambda split, _, own: _pruned(grow(split.train, own), split, own),
    "distilled, as large": lambda split, teacher, own: distil(teacher, split.train, own, trees=TREES),
    "distilled, half as large": lambda split, teacher, own: distil(
        teacher, split.train, own, trees=TREES // 2
    ),
}


def measured(split: Split, tell: Callable[[str], None]) -> list[Variant]:
    """Every model compiled, the default one also quantised and interpreted; AP on the split's test part."""
    own: list[Parameters] = [{**PARAMETERS, "seed": seed} for seed in SEEDS]
    tell("Fitting teachers")
    teachers = [fit_teacher(split, each) for each in own]
    found: list[Variant] = []
    for name, recipe in RECIPES.items():
        tell(f"Measuring {name}")
        fitted = [recipe(split, teacher, each) for teacher, each in zip(teachers, own, strict=True)]
        ap = float(np.mean([average_precision_of(booster, split.test) for booster in fitted]))
        for way in ("compiled", "quantised", "interpreted") if name == DEFAULT else ("compiled",):
            with tempfile.TemporaryDirectory(prefix="faregate-variant-") as folder:
                made = _made(fitted[0], Path(folder), way)
                lost = 1 - ap / (found[0].ap if found else ap)
                found.append(_measure(f"{name}, {way}", made, split.test, (ap, lost)))
    return found


def table(variants: Iterable[Variant]) -> str:
    """As Markdown."""
    lines = [list(HEADINGS.values()), ["---", *["--:"] * (len(HEADINGS) - 1)]]
    lines += [[_shown(getattr(variant, field)) for field in HEADINGS] for variant in variants]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _shown(value: str | float) -> str:
    if isinstance(value, str):
        return value
    return f"{value:.0e}" if 0 < abs(value) < 1e-4 else f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


class _Made(NamedTuple):
    booster: xgboost.Booster
    trees: Trees
    bytes: int


def _made(booster: xgboost.Booster, folder: Path, way: str) -> _Made:
    compile_model(booster, folder, quantise=way == "quantised")
    file = folder / (CHECKPOINT_FILE if way == "interpreted" else LIBRARY_FILE)
    kind = InterpretedTrees if way == "interpreted" else CompiledTrees
    return _Made(booster, kind(file.read_bytes(), SIZE, where=file), file.stat().st_size)


def _measure(name: str, made: _Made, test: Dataset, ap_and_lost: tuple[float, float]) -> Variant:
    booster, trees = made.booster, made.trees
    interpreted = isinstance(trees, InterpretedTrees)
    rows = [row.tolist() for row in test.vectors[: SLOW_ROWS if interpreted else WARM_ROWS]]
    times, after_others = _times(trees, rows)
    tried = verification_rows(booster, test.vectors, rows=COMPARED_ROWS)
    ap, lost = ap_and_lost
    return Variant(
        name=name,
        trees=booster.num_boosted_rounds(),
        splits=len(splits(booster)[0]),
        size_kib=round(made.bytes / 1024, 1),
        warm_p50_us=times.p50,
        warm_p99_us=times.p99,
        cold_p50_us=after_others.p50,
        cold_p99_us=after_others.p99,
        explain_p50_us=_explained(booster, rows).p50,
        ap=ap,
        ap_lost=lost,
        max_abs_diff=float(np.abs(trees.many(tried) - exact_margins(booster, tried)).max()),
    )


def _times(trees: Trees, rows: Sequence[list[float]]) -> tuple[Times, Times]:
    def call(values: list[float]) -> float:
        return trees(array("f", values))

    return warm(call, rows), cold(call, rows[:COLD_ROWS])


def _explained(booster: xgboost.Booster, rows: Sequence[list[float]]) -> Times:
    library = XGBoostLibrary(bytes(booster.save_raw()), SIZE)
    return warm(library.contributions, [array("f", row) for row in rows[:SLOW_ROWS]])
