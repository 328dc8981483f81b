"""Time to score and to explain one payment: the model that is served, on rows of its own training set."""

from argparse import ArgumentParser, Namespace
from array import array
from collections.abc import Callable, Iterable
from time import perf_counter_ns

from deploy.bench.benchmark import Result, Target, Tell
from deploy.bench.figures.percentile import percentile
from scoring import dataset
from scoring.scorer import Scorer, Vector

SUMMARY = "time (microseconds) to score one payment and to explain it, one thread"
WARM_UP = 200
SHARES = {"p50": 0.50, "p99": 0.99, "max": 1.0}


def options(parser: ArgumentParser) -> None:
    parser.add_argument("--rows", type=int, default=20_000, help="payments to score")


def run(target: Target, chosen: Namespace, tell: Tell) -> Result:
    began = perf_counter_ns()
    scorer = Scorer.load(target.home.model)
    load_ms = (perf_counter_ns() - began) / 1e6
    vectors = _vectors(target, chosen.rows)
    tell(f"Scoring {len(vectors):,} payments with {scorer.version} ({scorer.kind})")
    scored = measure(scorer.score, vectors)
    tell("Explaining a tenth of them")
    explained = measure(scorer.contributions, vectors[: max(len(vectors) // 10, WARM_UP)])
    return {
        "model": scorer.version,
        "scorer": scorer.kind,
        "trees": int(scorer.signature.metrics["trees"]),
        "load_ms": round(load_ms, 1),
        "rows": len(vectors),
        **{f"score_us_{name}": value for name, value in scored.items()},
        **{f"explain_us_{name}": value for name, value in explained.items()},
    }


def measure(call: Callable[[Vector], object], vectors: Iterable[Vector]) -> dict[str, float | None]:
    """Median, 99th percentile and longest time of a call, microseconds, after a warm-up."""
    times_us = []
    for vector in vectors:
        began = perf_counter_ns()
        call(vector)
        times_us.append((perf_counter_ns() - began) / 1e3)
    counted = times_us[WARM_UP:] or times_us
    return {name: percentile(counted, share, 3) for name, share in SHARES.items()}


def _vectors(target: Target, rows: int) -> list[Vector]:
    """The newest rows, over again when there are fewer, as the API makes them: arrays of floats."""
    newest = [array("f", row.tolist()) for row in dataset.read(target.home.training_set).vectors[-rows:]]
    return [newest[i % len(newest)] for i in range(rows)]
