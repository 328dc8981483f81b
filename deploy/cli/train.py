"""`faregate train`: a model of the replayed past, or of that and the ledger; kept as a candidate."""

import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.cli.database import connect
from deploy.cli.learn import seconds
from deploy.cli.who import who
from deploy.embedded import passwords
from deploy.embedded.home import Home
from domain.display import DAY_MS
from domain.labels import MATURITY_DAYS

if TYPE_CHECKING:
    from scoring.dataset import Dataset
    from scoring.finish import ModelReport

ROLE = "faregate_learner"
SCENARIO_SEED, SCENARIO_RIDERS, SCENARIO_PAYMENTS = 77, 2_000, 8_000


@dataclass(frozen=True, kw_only=True)
class Asked:
    """`report` and `out` are files that may be left out; without `out` the model joins the registry."""

    from_ledger: bool = False
    maturity: str = f"{MATURITY_DAYS}d"
    report: Path | None = None
    out: Path | None = None


@dataclass(frozen=True, kw_only=True)
class _Taught:
    rows: "Dataset"
    set_aside: Mapping[str, int] = field(default_factory=dict)


def train(home: Home, env: Mapping[str, str], asked: Asked) -> None:
    """Raises TrainingSetRefused for what cannot teach, StackError where a database is needed and none is."""
    taught = _taught(home, env, asked)
    key = passwords.model_key(home, env)
    with tempfile.TemporaryDirectory() if asked.out is None else nullcontext(asked.out.parent) as parent:
        out = asked.out or Path(parent) / "model"
        made, page = _made(taught, out, key, asked)
        if asked.report:
            asked.report.write_text(page or "", "utf-8")
            _tell(f"The report is in {asked.report}.")
        if asked.out:
            _tell(f"{made.version} is in {asked.out}.")
        else:
            _register(home, env, made, page, asked)


def _taught(home: Home, env: Mapping[str, str], asked: Asked) -> _Taught:
    from scoring import dataset

    past = dataset.read(home.training_set)
    if not asked.from_ledger:
        return _Taught(rows=past)
    from scoring.ledger_dataset import effective_size, read_ledger

    now_ms = time.time_ns() // 1_000_000
    with connect(home, env, ROLE) as connection:
        found = read_ledger(
            connection,
            since_ms=now_ms - 400 * DAY_MS,
            until_ms=now_ms,
            now_ms=now_ms,
            maturity_ms=1_000 * seconds(asked.maturity),
        )
    for why, number in sorted(found.set_aside.items()):
        _tell(f"{number:,} set aside: {why}")
    size = effective_size(found.dataset.weights)
    _tell(f"{len(found):,} labelled payments of the ledger, worth {size:,.0f} of equal weight")
    return _Taught(rows=dataset.Dataset.concat(past, found.dataset), set_aside=found.set_aside)


def _made(taught: _Taught, out: Path, key: bytes, asked: Asked) -> "tuple[ModelReport, str | None]":
    from scoring.dataset import split_by_time
    from scoring.model_folder import booster_of
    from scoring.train import train_on

    made = train_on(taught.rows, out, key=key, on_progress=_tell)
    if asked.report is None:
        return made, None
    from scoring.report.contender import Contest
    from scoring.report.page import page
    from scoring.report.report import make_report

    split = split_by_time(taught.rows)
    _tell("fitting rules and a logistic regression to compare with")
    contest = Contest.of(booster_of(out, key), split)
    report = make_report(
        contest,
        split.test,
        version=made.version,
        trained_on=f"{len(split.train):,} payments, {split.train.frauds:,} of them fraud",
        scenarios=_scenarios(),
        set_aside=taught.set_aside,
    )
    return made, page(report)


def _scenarios() -> "dict[str, Dataset]":
    from data_generator.scenarios.offline import SCENARIOS
    from deploy.simulated_past import scenario_past

    found = {}
    for name in SCENARIOS:
        _tell(f"simulating {name.replace('_', ' ')}")
        found[name] = scenario_past(name, SCENARIO_SEED, riders=SCENARIO_RIDERS, payments=SCENARIO_PAYMENTS)
    return found


def _register(
    home: Home, env: Mapping[str, str], made: "ModelReport", page: str | None, asked: Asked
) -> None:
    from scoring.registry import Registry

    learned_from = "the replayed past and the ledger" if asked.from_ledger else "the replayed past"
    with connect(home, env, ROLE) as connection:
        Registry(connection).register(
            made.folder,
            kind="offline",
            base_version=None,
            by=who(env),
            why=f"learned from {learned_from}",
            report=page,
        )
    _tell(f"{made.version} is a candidate; `faregate model shadow {made.version}` lets it score beside.")


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
