"""Where rules are changed and looked up by people: every change is a version of the rulebook."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import psycopg
from msgspec import Struct, structs
from psycopg.rows import dict_row

from app.queries import queries_of
from app.rules.errors import RuleRefused
from app.rules.expression import compile_expression, require_fast
from app.rules.rulebook import MAX_EVALUATED
from app.rules.version import new_version, newest_versions
from domain.rules import Action, Mode, Rule

Connection = psycopg.Connection[Any]
MAX_RULES = 1_000  # drafts included
MAX_POINTS = 99
_RULE_ID = re.compile(r"rule_[a-z0-9_]{1,40}")
query = queries_of(__file__)


class RuleVersion(Struct, frozen=True, kw_only=True):
    """One version of a rule and who made it so."""

    rule: Rule
    rulebook_version: int
    changed_by: str
    changed_at: datetime
    why: str


class Activity(Struct, frozen=True, kw_only=True):
    """Of one rule in the last 24 hours."""

    hits: int = 0
    acted: int = 0
    failures: int = 0


class RuleStore:
    """`connection` commits by itself; as console or owner. Methods raise RuleRefused and psycopg's errors.

    It keeps what it is told: who may put a rule live is for going_live.RuleDesk to say.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def version(self) -> int:
        return newest_versions(self.connection).rules

    def current(self) -> list[Rule]:
        return self.as_of(self.version())

    def as_of(self, version: int) -> list[Rule]:
        """The rules that a decision with this rulebook version was made by, drafts included."""
        with self.connection.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute(query("rulebook"), {"version": version}).fetchall()
        return [rule_of(row) for row in rows]

    def find(self, rule_id: str) -> Rule:
        for rule in self.current():
            if rule.rule_id == rule_id:
                return rule
        raise RuleRefused(f"there is no rule {rule_id}: `faregate rules list` shows all")

    def history(self, rule_id: str) -> list[RuleVersion]:
        """The newest first, at most 100."""
        with self.connection.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute(query("rule_history"), {"rule_id": rule_id}).fetchall()
        return [
            RuleVersion(
                rule=rule_of(
                    {name: row[name] for name in Rule.__struct_fields__ if name in row} | {"rule_id": rule_id}
                ),
                **{name: row[name] for name in ("rulebook_version", "changed_by", "changed_at", "why")},
            )
            for row in rows
        ]

    def activity(self) -> dict[str, Activity]:
        hits = self.connection.execute(query("rule_activity")).fetchall()
        found = {rule_id: Activity(hits=hits, acted=acted) for rule_id, hits, acted in hits}
        since = datetime.now(UTC) - timedelta(hours=24)
        for rule_id, failures in self.connection.execute(query("rule_failures"), {"since": since}).fetchall():
            found[rule_id] = structs.replace(found.get(rule_id, Activity()), failures=failures)
        return found

    def add(self, rule: Rule, *, by: str, why: str = "") -> Rule:
        """Keep a new rule as its version 1."""
        with self.connection.transaction():
            version = new_version(self.connection, "rules", by=by, why=why)
            known = self._rules_before(version)
            if rule.rule_id in known:
                raise RuleRefused(f"{rule.rule_id} is there already: change it, or give this one another id")
            if len(known) >= MAX_RULES:
                raise RuleRefused(f"there are {MAX_RULES} rules, no more may be kept: change one instead")
            return self._keep(structs.replace(rule, version=1), version, known)

    def change(self, rule_id: str, *, by: str, why: str = "", **changes: Any) -> Rule:
        """Keep a new version of a rule; `changes` are fields of Rule."""
        with self.connection.transaction():
            version = new_version(self.connection, "rules", by=by, why=why)
            known = self._rules_before(version)
            if rule_id not in known:
                raise RuleRefused(f"there is no rule {rule_id}: `faregate rules list` shows all")
            before = known[rule_id]
            changed = structs.replace(before, **changes)
            if changed == before:
                raise RuleRefused(f"{rule_id} is so already: nothing was changed")
            return self._keep(structs.replace(changed, version=before.version + 1), version, known)

    def set_mode(self, rule_id: str, mode: Mode, *, share: float = 1.0, by: str, why: str = "") -> Rule:
        """Draft, shadow, or live for a share of riders."""
        return self.change(rule_id, by=by, why=why, mode=mode, share=share)

    def _rules_before(self, version: int) -> dict[str, Rule]:
        return {rule.rule_id: rule for rule in self.as_of(version - 1)}

    def _keep(self, rule: Rule, version: int, known: Mapping[str, Rule]) -> Rule:
        check(rule)
        evaluated = [other for other in known.values() if other.mode is not Mode.DRAFT]
        if (
            rule.mode is not Mode.DRAFT
            and len({rule.rule_id, *(each.rule_id for each in evaluated)}) > MAX_EVALUATED
        ):
            raise RuleRefused(
                f"{MAX_EVALUATED} rules are in shadow or live: retire one before {rule.rule_id}"
            )
        self.connection.execute(
            query("add_rule_version"), {**structs.asdict(rule), "rulebook_version": version}
        )
        return rule


def check(rule: Rule) -> None:
    """Raises RuleRefused that names the rule, what is wrong, where, and what to do."""
    if not _RULE_ID.fullmatch(rule.rule_id):
        raise RuleRefused(
            f"{rule.rule_id[:60]!r} is no id for a rule: it must be rule_ and 1 to 40 of a-z, 0-9 and _"
        )
    try:
        _check_effect(rule)
        require_fast(compile_expression(rule.expression))
    except RuleRefused as refusal:
        raise RuleRefused(f"{rule.rule_id}: {refusal}") from refusal


def _check_effect(rule: Rule) -> None:
    if rule.action is Action.ADD_SCORE and not (rule.points and abs(rule.points) <= MAX_POINTS):
        raise RuleRefused(f"add_score needs points from -{MAX_POINTS} to {MAX_POINTS}, and not 0")
    if rule.action is not Action.ADD_SCORE and rule.points is not None:
        raise RuleRefused(f"points belong to add_score, not to {rule.action}: leave them out")
    if not 0 <= rule.share <= 1:
        raise RuleRefused(f"share is {rule.share}: it must be from 0 to 1, the part of riders it acts on")
    if not abs(rule.priority) <= 1_000_000:
        raise RuleRefused(f"priority is {rule.priority}: it must be from -1,000,000 to 1,000,000")
    if not 0 < len(rule.owner) <= 80 or len(rule.note) > 500:
        raise RuleRefused("owner must have 1 to 80 characters, note at most 500")


def rule_of(row: Mapping[str, Any]) -> Rule:
    """A row of the rulebook; raises msgspec.ValidationError for what this release does not know."""
    return msgspec.convert(row, Rule)
