"""Time to score and to explain one payment, beside other ways, and how true our scores are to XGBoost."""

import secrets
import tempfile
from argparse import ArgumentParser, Namespace
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter_ns
from typing import Any

import numpy as np
import xgboost
from msgspec import to_builtins

from deploy.bench.benchmark import Result, Tell
from deploy.bench.model import rivals, variants
from deploy.bench.model.agreement import compared
from deploy.bench.model.timing import Times, cold, warm
from deploy.simulated_past import simulated_past
from domain.display import count
from scoring.dataset import Split, split_by_time
from scoring.finish import finish
from scoring.model_folder import booster_of
from scoring.scorer import Scorer
from scoring.train import fit

SUMMARY = (
    "time (microseconds) to score and to explain one payment, one thread, and how true that is to XGBoost"
)
SLOW_SHARE = 10  # what takes a hundred times as long is asked so many times less
COLD_ROWS = 500


def options(parser: ArgumentParser) -> None:
    parser.add_argument("--payments", type=int, default=24_000, help="of the simulated past to learn from")
    parser.add_argument("--riders", type=int, default=3_000, help="of its city")
    parser.add_argument("--seed", type=int, default=7, help="of its city")
    parser.add_argument("--timed", type=int, default=20_000, help="payments to time one by one")
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows to compare with XGBoost")
    parser.add_argument("--variants", action="store_true", help="also smaller and larger models, as a table")


def run_alone(chosen: Namespace, tell: Tell) -> Result:
    tell(f"Living a month of {count(chosen.payments)} payments")
    past = simulated_past(chosen.seed, riders=chosen.riders, payments=chosen.payments)
    split = split_by_time(past)
    key = secrets.token_bytes(32)
    with tempfile.TemporaryDirectory(prefix="faregate-score-") as scratch:
        folder = Path(scratch) / "model"
        finish(
            fit(split),
            calibrate_on=split.validation,
            verify_on=split.train.vectors,
            out=folder,
            key=key,
            metrics={},
            data={},
            on_progress=tell,
        )
        result = measured(folder, key, split, chosen, tell)
    return result | (_variants(split, chosen, tell) if chosen.variants else {})


def measured(folder: Path, key: bytes, split: Split, chosen: Namespace, tell: Tell) -> Result:
    """The model of `folder`; timed on the split's newest rows."""
    began = perf_counter_ns()
    scorer = Scorer.load(folder, key)
    load_ms = (perf_counter_ns() - began) / 1e6
    booster = booster_of(folder, key)
    values = _repeated(split.test.vectors, chosen.timed)
    tell(f"Scoring {count(len(values))} payments with {scorer.version} ({scorer.kind}), and as others do")
    times = _one_by_one(folder, scorer, booster, values)
    scored, explained = times.pop("score"), times.pop("explain")
    tell(f"Comparing {count(chosen.rows)} rows with XGBoost")
    agreement = compared(scorer, booster, split.train.vectors, chosen.rows)
    return {
        "model": scorer.version,
        "scorer": scorer.kind,
        "trees": booster.num_boosted_rounds(),
        "load_ms": round(load_ms, 1),
        **{f"{name}_p50_us": each.p50 for name, each in times.items() if name != "cold"},
        "ours_p99_us": times["ours"].p99,
        "cold_p50_us": times["cold"].p50,
        "cold_p99_us": times["cold"].p99,
        "times_faster_than_inplace": round(times["inplace"].p50 / times["ours"].p50, 1),
        **to_builtins(agreement),
        "rows": chosen.rows,
        **_named("score", scored),
        **_named("explain", explained),
    }


def _one_by_one(
    folder: Path, scorer: Scorer, booster: xgboost.Booster, values: Sequence[list[float]]
) -> dict[str, Times]:
    """`score` and `explain` from a vector as the API makes it, everything else from a list of numbers."""
    vectors = [array("f", row) for row in values]
    few = max(1, len(values) // SLOW_SHARE)
    with tempfile.TemporaryDirectory(prefix="faregate-rivals-") as scratch:
        slow: Mapping[str, rivals.Call] = {
            "inplace": rivals.inplace_predict(booster),
            "tl2cgen_dmatrix": rivals.tl2cgen_predictor(folder, Path(scratch)),
            "gtil": rivals.general_tree_inference(folder),
        }
        beside = {name: warm(call, values[:few]) for name, call in slow.items()}
    return {
        "ours": warm(rivals.ours(scorer), values),
        **beside,
        "cold": cold(rivals.ours(scorer), values[:COLD_ROWS]),
        "score": warm(scorer.score, vectors),
        "explain": warm(scorer.contributions, vectors[:few]),
    }


def _variants(split: Split, chosen: Namespace, tell: Tell) -> Result:
    """On another city, so that a thousand frauds and not a hundred tell models apart."""
    tell("Living a month in another city, to tell models apart")
    other = simulated_past(chosen.seed + 1, riders=chosen.riders, payments=chosen.payments)
    found = variants.measured(replace(split, test=other), tell)
    tell(variants.table(found))
    return {"variants": to_builtins(found)}


def _named(prefix: str, times: Times) -> dict[str, float]:
    return {
        f"{prefix}_us_p50": times.p50,
        f"{prefix}_us_p99": times.p99,
        f"{prefix}_us_max": times.longest,
    }


def _repeated(vectors: "np.ndarray[Any, np.dtype[np.float32]]", rows: int) -> list[list[float]]:
    """The rows, over again when there are fewer."""
    plain: list[list[float]] = vectors[:rows].tolist()
    return [plain[i % len(plain)] for i in range(rows)]
