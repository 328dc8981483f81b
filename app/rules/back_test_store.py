"""Back-tests that were run, so that a proposal can name one and a second person can read it."""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import psycopg
from msgspec import Struct
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from app.letters import in_letters
from app.queries import queries_of
from app.rules.backtest import BackTest, Period
from app.rules.errors import RuleRefused
from domain.rules import Action, Rule

FRESH_DAYS = 7
query = queries_of(__file__)


class KeptBackTest(Struct, frozen=True, kw_only=True):
    """What a rule would have done from `since` until `until`; of exactly this expression and action."""

    back_test_id: str
    rule_id: str
    expression: str
    action: Action
    since: datetime
    until: datetime
    result: BackTest
    run_by: str
    run_at: datetime

    def is_of(self, rule: Rule) -> bool:
        return (self.rule_id, self.expression, self.action) == (rule.rule_id, rule.expression, rule.action)

    def is_fresh(self, now: datetime) -> bool:
        return now - self.run_at <= timedelta(days=FRESH_DAYS)


class BackTestStore:
    """As console or owner. Methods raise RuleRefused and psycopg's errors."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def keep(self, rule: Rule, period: Period, result: BackTest, *, by: str) -> KeptBackTest:
        kept = KeptBackTest(
            back_test_id=f"bt_{in_letters(secrets.token_hex(10))}",
            rule_id=rule.rule_id,
            expression=rule.expression,
            action=rule.action,
            since=period.since,
            until=period.until,
            result=result,
            run_by=by,
            run_at=datetime.now(UTC),
        )
        row = msgspec.structs.asdict(kept) | {
            "decisions": result.decisions,
            "result": Jsonb(msgspec.to_builtins(result, str_keys=True)),
        }
        told = self._connection.execute(query("keep_back_test"), row).fetchone()
        assert told  # noqa: S101 - an insert with returning gives its row
        return msgspec.structs.replace(kept, run_at=told[0])

    def find(self, back_test_id: str) -> KeptBackTest:
        for kept in self._read(rule_id=None, back_test_id=back_test_id, most=1):
            return kept
        raise RuleRefused(f"there is no back-test {back_test_id}: run one, and propose with its id")

    def of_rule(self, rule_id: str, most: int = 20) -> list[KeptBackTest]:
        """The newest first."""
        return self._read(rule_id=rule_id, back_test_id=None, most=most)

    def _read(self, **values: Any) -> list[KeptBackTest]:
        with self._connection.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute(query("back_tests"), values).fetchall()
        return msgspec.convert(rows, list[KeptBackTest])
