"""Promotions and rollbacks while payments come: is one ever without a model, between two, or kept waiting?"""

import json
from argparse import ArgumentParser, Namespace
from array import array
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from time import monotonic, time

import psycopg

from deploy.bench.benchmark import Result, Target, Tell
from deploy.bench.decision import OK, Caller, milliseconds, only
from deploy.bench.figures.percentile import percentile
from deploy.bench.load.calls import DECISION
from deploy.bench.load.connections import Outcome
from deploy.cli.queries import query
from deploy.embedded import passwords
from scoring import dataset
from scoring.finish import finish
from scoring.model_folder import booster_of
from scoring.registry.registry import Registry
from scoring.scorer import Scorer

SUMMARY = "20 promotions and rollbacks under load: decisions without a model, or of two, and times meanwhile"
AFTER_S = 1.0  # past the instant at which the models change, still counted as meanwhile
TREES_LESS = 5  # by which the second model differs from the first
SAME = 1e-9


def options(parser: ArgumentParser) -> None:
    parser.add_argument("--rate", type=float, default=100.0, help="payments a second (100)")
    parser.add_argument("--swaps", type=int, default=20, help="promotions and rollbacks, in turn (20)")
    parser.add_argument("--every", type=float, default=4.0, help="seconds from one to the next (4)")


def run(target: Target, chosen: Namespace, tell: Tell) -> Result:
    key = passwords.model_key(target.home)
    with _registry(target) as registry, TemporaryDirectory(prefix="faregate-swap-") as scratch:
        first = registry.champion()
        assert first is not None, "a stack that is up has a champion"  # noqa: S101 - both sides
        second = _second_model(registry, target, Path(scratch), key, tell)
        caller = Caller(target, seed=5)
        caller.decisions(chosen.rate, 3.0)
        began = time()
        swaps = Swaps(registry, second, chosen.swaps, chosen.every)
        tell(f"{chosen.swaps} swaps of {first.version} and {second}, {chosen.rate:.0f} payments a second")
        with ThreadPoolExecutor(1) as thread:
            swapping = thread.submit(swaps.make)
            measured = caller.decisions(chosen.rate, (chosen.swaps + 1) * chosen.every)
            swaps.stop.set()
            swapping.result()
        figures = _figures(measured.outcomes, swaps.windows)
        scorers = {v: Scorer.load(registry.folder_of(v, Path(scratch)), key) for v in (first.version, second)}
        return {"swaps": len(swaps.windows), **figures, **_in_the_ledger(target, began, scorers)}


class Swaps:
    """A promotion, then a rollback, and so on; each loads its model anew."""

    def __init__(self, registry: Registry, version: str, number: int, every_s: float) -> None:
        self._registry = registry
        self._version = version
        self._number = number
        self._every_s = every_s
        self.windows: list[tuple[float, float]] = []  # on the monotonic clock
        self.stop = Event()

    def make(self) -> None:
        for number in range(self._number):
            if self.stop.wait(self._every_s / 2):
                return
            asked = monotonic()
            if number % 2 == 0:
                made = self._registry.promote(self._version, by="bench", why="bench swap", keep_shadow=False)
            else:
                made = self._registry.rollback(by="bench", why="bench swap")
            changed = monotonic() + made.active_from_ms / 1000 - time()
            self.windows.append((asked, changed + AFTER_S))
            self.stop.wait(max(0.0, asked + self._every_s / 2 - monotonic()))


@contextmanager
def _registry(target: Target) -> Iterator[Registry]:
    with psycopg.connect(target.conninfo["faregate_learner"], autocommit=True) as connection:
        yield Registry(connection)


def _second_model(registry: Registry, target: Target, scratch: Path, key: bytes, tell: Tell) -> str:
    """The champion without its last trees."""
    champion = registry.champion()
    assert champion is not None, "asked before"  # noqa: S101 - both sides
    booster = booster_of(registry.folder_of(champion.version, scratch), key)
    rows = dataset.read(target.home.training_set)
    report = finish(
        booster[: booster.num_boosted_rounds() - TREES_LESS],
        calibrate_on=rows,
        verify_on=rows.vectors,
        out=scratch / "second",
        key=key,
        metrics={},
        data={},
        on_progress=tell,
    )
    registry.register(report.folder, kind="offline", base_version=None, by="bench", why="to swap with")
    return report.version


def _figures(outcomes: Sequence[Outcome], windows: Sequence[tuple[float, float]]) -> Result:
    decided = only(outcomes, DECISION)
    meanwhile = [one for one in decided if any(a <= one.due <= b for a, b in windows)]
    inside = {id(one) for one in meanwhile}
    quiet_p99 = percentile(milliseconds(one for one in decided if id(one) not in inside), 0.99, 3)
    swap_p99 = percentile(milliseconds(meanwhile), 0.99, 3)
    return {
        "decisions": len(decided),
        "meanwhile": len(meanwhile),
        "errors": sum(1 for one in outcomes if one.kind == DECISION and one.status != OK),
        "quiet_p99_ms": quiet_p99,
        "swap_p99_ms": swap_p99,
        "ratio_p99": round(swap_p99 / quiet_p99, 2) if swap_p99 and quiet_p99 else None,
    }


def _in_the_ledger(target: Target, since_s: float, scorers: dict[str, Scorer]) -> Result:
    """Every decision is judged again by the model that it names."""
    with psycopg.connect(target.conninfo["faregate_owner"]) as connection:
        rows = connection.execute(query("decided_since"), {"since": since_s}, binary=True).fetchall()
    without = sum(1 for version, *_ in rows if version is None)
    mixed = 0
    for version, probability, vector, reply in rows:
        if version is not None:
            again = scorers[version].score(array("f", vector))
            named = json.loads(bytes(reply))["versions"]["model"]
            mixed += abs(again - probability) > SAME or named != version
    return {"in_ledger": len(rows), "without_model": without, "mixed": mixed}
