"""A rule tried on the decisions of the past: what it would have caught, and whom it would have hurt."""

from array import array
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from typing import Any, NamedTuple

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
from domain.rules import Mode, Rule, RuleHit

TOLD_EVERY = 500
SAMPLE = 10
_PLACES = {name: place for place, name in enumerate(FEATURE_NAMES)}
query = queries_of(__file__)


class Part(Struct, kw_only=True):
    """Payments and their money in minor units, of one currency a deployment."""

    count: int = 0
    amount_minor: int = 0

    def add(self, amount_minor: int) -> None:
        self.count += 1
        self.amount_minor += amount_minor


class Sample(Struct, frozen=True, kw_only=True):
    """A decision to look at."""

    decision_id: str
    amount_minor: int


def by_truth() -> dict[Label, Part]:
    return {label: Part() for label in Label}


def _samples() -> dict[Label, list[Sample]]:
    return {label: [] for label in Label}


class BackTest(Struct, kw_only=True):
    """`all` and `hits` by what became of the payments; `let_through` are the hits that nothing stopped then.

    `complete` is false where the period has more decisions than were asked for: the newest were read, back to
    `oldest`. A payment is good when it was captured `maturity_days` ago. `samples` are the newest hits.
    `overlap` counts the hits on which another rule acted, by its id. `passed_over`: decisions without the
    features that the rule needs; `other_features`: with the vector of another catalogue; `failed`: the rule
    could not be evaluated.
    """

    rule: str
    decisions: int = 0
    complete: bool = True
    oldest: datetime | None = None
    maturity_days: float = MATURITY_DAYS
    all: dict[Label, Part] = field(default_factory=by_truth)
    hits: dict[Label, Part] = field(default_factory=by_truth)
    let_through: dict[Label, Part] = field(default_factory=by_truth)
    samples: dict[Label, list[Sample]] = field(default_factory=_samples)
    stopped_already: int = 0
    overlap: dict[str, int] = field(default_factory=dict)
    passed_over: int = 0
    other_features: int = 0
    failed: int = 0

    @property
    def hit_count(self) -> int:
        return sum(part.count for part in self.hits.values())

    @property
    def most_overlap(self) -> list[tuple[str, int]]:
        return Counter(self.overlap).most_common(5)


class Period(Struct, frozen=True, kw_only=True):
    """Aware times, `until` after the last."""

    since: datetime
    until: datetime


class _Tried(NamedTuple):
    rulebook: CompiledRulebook
    features: frozenset[str]


def count_decisions(connection: psycopg.Connection[Any], period: Period, *, most: int | None = None) -> int:
    row = connection.execute(query("count_decisions"), {**structs.asdict(period), "most": most}).fetchone()
    return int(row[0]) if row else 0


def back_test(
    connection: psycopg.Connection[Any],
    rule: Rule,
    period: Period,
    *,
    now_ms: int,
    maturity_days: float = MATURITY_DAYS,
    most: int | None = None,
    on_progress: Callable[[int], None] = lambda _: None,
) -> BackTest:
    """Whatever the rule's mode, share and expiry, it is tried on every decision of the period, or the newest
    `most` of them.

    Raises RuleRefused when it does not compile, and psycopg's errors.
    """
    tried = _ready(rule)
    found = BackTest(rule=rule.rule_id, maturity_days=maturity_days)
    for row in _decisions(connection, period, None if most is None else most + 1):
        if found.decisions == most:
            found.complete = False
            break
        _try(found, tried, row, truth_of(row, now_ms, maturity_days))
        if found.decisions % TOLD_EVERY == 0:
            on_progress(found.decisions)
    on_progress(found.decisions)
    return found


def hits_among(rule: Rule, past: Collection[Facts]) -> int:
    """How many of these payments the rule would hit; raises RuleRefused when it does not compile."""
    tried = _ready(rule)
    return sum(bool(tried.rulebook.examine(facts).hits) for facts in past)


def newest_facts(connection: psycopg.Connection[Any], most: int) -> list[Facts]:
    """What the rules saw in the newest decisions, for a quick look at what one would hit."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return [facts_of(row) for row in cursor.execute(query("newest_decisions"), {"most": most})]


def truth_of(row: dict[str, Any], now_ms: int, maturity_days: float) -> Label:
    """What became of a decision, by its outcomes and the newest word of an analyst."""
    said = msgspec.json.decode(row["label"], type=AnalystLabel) if row["label"] else None
    return label_of(
        [Outcome(outcome) for outcome in row["outcomes"] or ()],
        [said] if said else [],
        to_ms(row["decided_at"]),
        now_ms,
        round(maturity_days * DAY_MS),
    )


def _ready(rule: Rule) -> _Tried:
    tried = structs.replace(rule, mode=Mode.LIVE, share=1.0, expires_at_ms=None)
    rulebook = CompiledRulebook(0, [tried])
    for why in rulebook.broken.values():
        raise RuleRefused(f"{rule.rule_id}: {why}")
    return _Tried(rulebook, rulebook.features)


def _decisions(
    connection: psycopg.Connection[Any], period: Period, most: int | None
) -> Iterator[dict[str, Any]]:
    """A cursor of the server: the ledger may be longer than memory."""
    with connection.transaction(), connection.cursor("back_test", row_factory=dict_row) as cursor:
        cursor.itersize = 2_000
        values = {**structs.asdict(period), "most": most}
        yield from cursor.execute(query("decisions_with_labels"), values, binary=True)


def _try(found: BackTest, tried: _Tried, row: dict[str, Any], truth: Label) -> None:
    amount = row["amount_minor"]
    found.decisions += 1
    found.oldest = row["decided_at"]
    found.all[truth].add(amount)
    facts = facts_of(row, tried.features)
    if facts.features is None:
        found.other_features += row["vector"] is not None
        found.passed_over += tried.rulebook.needs_features
    findings = tried.rulebook.examine(facts)
    found.failed += len(findings.failed)
    if findings.hits:
        _count(found, row, truth)


def _count(found: BackTest, row: dict[str, Any], truth: Label) -> None:
    amount = row["amount_minor"]
    found.hits[truth].add(amount)
    if len(found.samples[truth]) < SAMPLE:
        found.samples[truth].append(Sample(decision_id=row["decision_id"], amount_minor=amount))
    if Verdict(row["verdict"]).stops_payment:
        found.stopped_already += 1
    else:
        found.let_through[truth].add(amount)
    for hit in hits_in(row):
        if hit.acted and hit.rule_id != found.rule:
            found.overlap[hit.rule_id] = found.overlap.get(hit.rule_id, 0) + 1


def hits_in(row: dict[str, Any]) -> list[RuleHit]:
    """The rules that hit a decision, shadow ones included."""
    return msgspec.json.decode(row["rules"], type=list[RuleHit])


def facts_of(row: dict[str, Any], features: Collection[str] = FEATURE_NAMES) -> Facts:
    """What the rules saw when this decision was made; of the features only those that are asked for."""
    request = msgspec.json.decode(row["request"], type=TransactionRequest)
    return Facts(
        transaction=request.transaction(),
        as_of_ms=row["as_of_ms"],
        rung=Rung(row["rung"]),
        email_hash=request.email_hash,
        features=_features(row["vector"], features),
        probability=row["probability"],
    )


def _features(stored: bytes | None, names: Collection[str]) -> dict[str, float] | None:
    if stored is None or len(stored) != 4 * len(FEATURE_NAMES):
        return None
    vector = array("f")
    vector.frombytes(stored)
    return {name: vector[_PLACES[name]] for name in names}
