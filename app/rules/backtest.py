"""A rule tried on the decisions of the past: what it would have caught, and whom it would have hurt."""

from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import msgspec
import psycopg
from msgspec import Struct, field, structs
from psycopg.rows import dict_row

from app.ports import Facts
from app.queries import queries_of
from app.requests import TransactionRequest
from app.rules.errors import RuleRefused
from app.rules.rulebook import CompiledRulebook
from domain.catalogue import FEATURE_NAMES
from domain.decision import Outcome, Rung, Verdict
from domain.display import DAY_MS
from domain.events import to_ms
from domain.labels import MATURITY_DAYS, AnalystLabel, Label, label_of
from domain.rules import Mode, Rule

TOLD_EVERY = 500
query = queries_of(__file__)


class Part(Struct, kw_only=True):
    """Payments and their money in minor units, of one currency a deployment."""

    count: int = 0
    amount_minor: int = 0

    def add(self, amount_minor: int) -> None:
        self.count += 1
        self.amount_minor += amount_minor


def _by_truth() -> dict[Label, Part]:
    return {label: Part() for label in Label}


class BackTest(Struct, kw_only=True):
    """`all` and `hits` by what became of the payments; `let_through` are the hits that nothing stopped then.

    `overlap` counts the hits on which another rule acted, by its id. `passed_over`: decisions without the
    features that the rule needs; `other_features`: with the vector of another catalogue; `failed`: the rule
    could not be evaluated.
    """

    rule: str
    decisions: int = 0
    all: dict[Label, Part] = field(default_factory=_by_truth)
    hits: dict[Label, Part] = field(default_factory=_by_truth)
    let_through: dict[Label, Part] = field(default_factory=_by_truth)
    stopped_already: int = 0
    overlap: Counter[str] = field(default_factory=Counter)
    passed_over: int = 0
    other_features: int = 0
    failed: int = 0

    @property
    def hit_count(self) -> int:
        return sum(part.count for part in self.hits.values())


class Period(Struct, frozen=True, kw_only=True):
    """Aware times, `until` after the last."""

    since: datetime
    until: datetime


def count_decisions(connection: psycopg.Connection[Any], period: Period) -> int:
    row = connection.execute(query("count_decisions"), structs.asdict(period)).fetchone()
    return int(row[0]) if row else 0


def back_test(
    connection: psycopg.Connection[Any],
    rule: Rule,
    period: Period,
    *,
    now_ms: int,
    maturity_days: float = MATURITY_DAYS,
    on_progress: Callable[[int], None] = lambda _: None,
) -> BackTest:
    """Whatever the rule's mode, share and expiry, it is tried on every decision of the period.

    Raises RuleRefused when it does not compile, and psycopg's errors.
    """
    tried = structs.replace(rule, mode=Mode.LIVE, share=1.0, expires_at_ms=None)
    rulebook = CompiledRulebook(0, [tried])
    for why in rulebook.broken.values():
        raise RuleRefused(f"{rule.rule_id}: {why}")
    found = BackTest(rule=rule.rule_id)
    for row in _decisions(connection, period):
        _try(found, rulebook, row, truth_of(row, now_ms, maturity_days))
        if found.decisions % TOLD_EVERY == 0:
            on_progress(found.decisions)
    on_progress(found.decisions)
    return found


def truth_of(row: dict[str, Any], now_ms: int, maturity_days: float) -> Label:
    """What became of a decision, by its outcomes and the newest word of an analyst."""
    said = msgspec.convert(row["label"], AnalystLabel) if row["label"] else None
    return label_of(
        [Outcome(outcome) for outcome in row["outcomes"] or ()],
        [said] if said else [],
        to_ms(row["decided_at"]),
        now_ms,
        round(maturity_days * DAY_MS),
    )


def _decisions(connection: psycopg.Connection[Any], period: Period) -> Iterator[dict[str, Any]]:
    """A cursor of the server: the ledger may be longer than memory."""
    with connection.transaction(), connection.cursor("back_test", row_factory=dict_row) as cursor:
        cursor.itersize = 2_000
        cursor.execute(query("decisions_with_labels"), structs.asdict(period))
        yield from cursor


def _try(found: BackTest, rulebook: CompiledRulebook, row: dict[str, Any], truth: Label) -> None:
    amount = row["amount_minor"]
    found.decisions += 1
    found.all[truth].add(amount)
    facts = facts_of(row)
    if facts.features is None:
        found.other_features += row["vector"] is not None
        found.passed_over += rulebook.needs_features
    findings = rulebook.examine(facts)
    found.failed += len(findings.failed)
    if not findings.hits:
        return
    found.hits[truth].add(amount)
    if Verdict(row["verdict"]).stops_payment:
        found.stopped_already += 1
    else:
        found.let_through[truth].add(amount)
    found.overlap.update(
        {hit["rule_id"] for hit in row["rules"] if hit["acted"] and hit["rule_id"] != found.rule}
    )


def facts_of(row: dict[str, Any]) -> Facts:
    """What the rules saw when this decision was made."""
    request = msgspec.json.decode(row["request"], type=TransactionRequest)
    return Facts(
        transaction=request.transaction(),
        as_of_ms=row["as_of_ms"],
        rung=Rung(row["rung"]),
        email_hash=request.email_hash,
        features=_features(row["vector"]),
        probability=row["probability"],
    )


def _features(stored: bytes | None) -> dict[str, float] | None:
    if stored is None or len(stored) != 4 * len(FEATURE_NAMES):
        return None
    vector = array("f")
    vector.frombytes(stored)
    return dict(zip(FEATURE_NAMES, vector, strict=True))
