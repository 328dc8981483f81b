"""How each rule has done: what it hit, whom it stopped and whom it hurt, by what became of the payments."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
import psycopg
from msgspec import Struct, field
from psycopg.rows import dict_row

from app.queries import queries_of
from app.rules.backtest import Part, by_truth, hits_in, truth_of
from domain.decision import Verdict
from domain.labels import MATURITY_DAYS, Label

MOST_HITS = 50_000
query = queries_of(__file__)


class Standing(Struct, kw_only=True):
    """Of one rule. `hits` by what became of the payments; `stopped` are those that it acted on and that were
    stopped, `stopped_fraud` of them the frauds; `overlap` counts the hits that another rule hit as well."""

    hits: dict[Label, Part] = field(default_factory=by_truth)
    acted: int = 0
    stopped: Part = field(default_factory=Part)
    stopped_fraud: Part = field(default_factory=Part)
    overlap: dict[str, int] = field(default_factory=dict)
    failures: int = 0

    @property
    def hit_count(self) -> int:
        return sum(part.count for part in self.hits.values())

    @property
    def known(self) -> int:
        """Hits of which somebody, or 90 days of silence, said what they were."""
        return self.hits[Label.FRAUD].count + self.hits[Label.GOOD].count

    @property
    def precision(self) -> float | None:
        return self.hits[Label.FRAUD].count / self.known if self.known else None

    def recall(self, frauds: Part) -> float | None:
        """Of the frauds that are known, the part that it hit."""
        return min(1.0, self.hits[Label.FRAUD].count / frauds.count) if frauds.count else None

    @property
    def most_overlap(self) -> tuple[str, float] | None:
        """The rule that hits most of the same, and on which part of the hits."""
        if not self.overlap:
            return None
        rule_id, hits = Counter(self.overlap).most_common(1)[0]
        return rule_id, hits / self.hit_count


class Life(Struct, frozen=True, kw_only=True):
    """Of a rule: when it was made and last changed, and the version with which its expression began."""

    made_at: datetime
    changed_at: datetime
    changed_by: str
    expression_version: int


class Standings(Struct, frozen=True, kw_only=True):
    """`frauds` are all that are known of the time since; `complete` is false where only the newest MOST_HITS
    decisions with hits were read."""

    since: datetime
    frauds: Part
    complete: bool
    rules: Mapping[str, Standing]
    lives: Mapping[str, Life]

    def of(self, rule_id: str) -> Standing:
        return self.rules.get(rule_id) or Standing()


def standings(
    connection: psycopg.Connection[Any],
    *,
    since: datetime,
    now_ms: int,
    maturity_days: float = MATURITY_DAYS,
) -> Standings:
    """One pass over the decisions that any rule hit, of each rule with its present expression only; raises
    psycopg's errors."""
    lives = _lives(connection)
    found = {rule_id: Standing() for rule_id in lives}
    read = 0
    with connection.transaction(), connection.cursor("standings", row_factory=dict_row) as cursor:
        cursor.itersize = 2_000
        cursor.execute(query("hits_with_labels"), {"since": since, "most": MOST_HITS}, binary=True)
        for row in cursor:
            read += 1
            _count(found, lives, row, truth_of(row, now_ms, maturity_days))
    for rule_id, failures in connection.execute(query("rule_failures"), {"since": since}):
        found.setdefault(rule_id, Standing()).failures = failures
    return Standings(
        since=since, frauds=_frauds(connection, since), complete=read < MOST_HITS, rules=found, lives=lives,
    )  # fmt: skip


def _count(found: dict[str, Standing], lives: Mapping[str, Life], row: dict[str, Any], truth: Label) -> None:
    amount, hits = row["amount_minor"], hits_in(row)
    stops = Verdict(row["verdict"]).stops_payment
    for hit in hits:
        if hit.rule_id in lives and hit.version < lives[hit.rule_id].expression_version:
            continue
        standing = found.setdefault(hit.rule_id, Standing())
        standing.hits[truth].add(amount)
        standing.acted += hit.acted
        if hit.acted and stops:
            standing.stopped.add(amount)
            if truth is Label.FRAUD:
                standing.stopped_fraud.add(amount)
        for other in hits:
            if other.rule_id != hit.rule_id:
                standing.overlap[other.rule_id] = standing.overlap.get(other.rule_id, 0) + 1


def _frauds(connection: psycopg.Connection[Any], since: datetime) -> Part:
    row = connection.execute(query("known_frauds"), {"since": since}).fetchone()
    return Part(count=row[0], amount_minor=row[1]) if row else Part()


def _lives(connection: psycopg.Connection[Any]) -> dict[str, Life]:
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(query("rule_lives")).fetchall()
    return {row.pop("rule_id"): msgspec.convert(row, Life) for row in rows}
