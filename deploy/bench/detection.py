"""How much fraud a model finds in a city and a month it has never seen, against what it must beat."""

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping

import numpy as np

from deploy.bench.benchmark import Result, Tell
from deploy.simulated_past import later_ms, simulated_past
from domain.display import count, percent
from scoring.baselines.single_rules import best_single_rules
from scoring.dataset import Dataset, Split
from scoring.report.contender import Contest
from scoring.report.evaluation import AP, SAVED, Evaluation, evaluate
from scoring.train import fit

SUMMARY = "fraud found and money saved on a held-out city and month, against rules and a logistic regression"
VALIDATION_SHARE = 0.2
RECALL = "recall_at_half_percent"
TOLD = (AP, RECALL, SAVED)


def options(parser: ArgumentParser) -> None:
    parser.add_argument("--seed", type=int, default=11, help="of the city that is held out")
    parser.add_argument("--cities", type=int, default=2, help="other cities to learn from")
    parser.add_argument("--riders", type=int, default=4_000, help="of each city")
    parser.add_argument("--payments", type=int, default=40_000, help="of each city to learn from")
    parser.add_argument("--held-out", type=int, default=60_000, help="payments of the held-out city")


def run_alone(chosen: Namespace, tell: Tell) -> Result:
    return measured(held_out_split(chosen, tell), tell)


def measured(split: Split, tell: Tell) -> Result:
    """The figures of the test part, of contenders that learned from the other parts."""
    tell(f"Fitting on {count(len(split.train))} payments, {count(split.train.frauds)} of them fraud")
    contest = Contest.of(fit(split), split)
    tell(f"Evaluating on {count(len(split.test))} payments, {count(split.test.frauds)} of them fraud")
    model, logistic, rules = (evaluate(one, split.test) for one in contest.all)
    for kind, found in model.by_kind.items():
        tell(f"{kind}: {percent(found.value)} found at 0.5 % false declines")
    return {
        **_figures("", model),
        **_figures("logistic_", logistic),
        **_figures("rules_", rules),
        "best_single_rule_recall": {
            kind: round(rule.recall, 4) for kind, rule in best_single_rules(split.test).items()
        },
    }


def held_out_split(chosen: Namespace, tell: Tell) -> Split:
    """Other cities' past to learn from, its newest part to choose by; one city's next month is held out."""
    parts = []
    for number in range(1, chosen.cities + 1):
        seed = chosen.seed + 1_000 * number
        tell(f"Living a month in city {seed}")
        parts.append(simulated_past(seed, riders=chosen.riders, payments=chosen.payments))
    tell(f"Living the next month in the held-out city {chosen.seed}")
    held_out = simulated_past(chosen.seed, riders=chosen.riders, payments=chosen.held_out, end_ms=later_ms(1))
    past = Dataset.concat(*parts)
    border = int(np.quantile(past.as_of_ms, 1 - VALIDATION_SHARE))
    return Split(train=past.between(None, border), validation=past.between(border, None), test=held_out)


def _figures(prefix: str, found: Evaluation) -> Mapping[str, float]:
    told = {}
    for name in TOLD:
        interval = found.figures[name]
        told[f"{prefix}{name}"] = round(interval.value, 4)
        told[f"{prefix}{name}_low"] = round(interval.low, 4)
        told[f"{prefix}{name}_high"] = round(interval.high, 4)
    return told
