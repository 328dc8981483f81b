"""Reads rules, their standing and their back-tests for people."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from app.ports import Facts
from app.rules.back_test_store import BackTestStore, KeptBackTest
from app.rules.backtest import BackTest, Period, back_test, count_decisions, newest_facts
from app.rules.errors import RuleRefused
from app.rules.proposals import ProposalStore
from app.rules.standing import Standings, standings
from app.rules.store import RuleStore
from dashboard.database import Pool
from dashboard.reading import reading
from dashboard.views.rules.source import Progress, RulesView, RuleView
from domain.rules import Rule

MOST_TRIED = 100_000  # a back-test in the console takes some ten seconds then
RECENT = 1_000
WAIT_S = 20.0
_one_at_a_time = threading.Lock()


class RulesReader:
    """Raises ReadingsUnavailable."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def rules(self) -> RulesView:
        with reading(self._pool) as connection:
            return RulesView(
                rules=RuleStore(connection).current(), waiting=ProposalStore(connection).waiting()
            )

    def rule(self, rule_id: str) -> RuleView | None:
        with reading(self._pool) as connection:
            store, proposals = RuleStore(connection), ProposalStore(connection)
            history = store.history(rule_id)
            if not history:
                return None
            return RuleView(
                rule=history[0].rule,
                author=proposals.author(rule_id),
                history=history,
                back_tests=BackTestStore(connection).of_rule(rule_id),
                proposals=proposals.history(rule_id),
            )

    def back_tests(self, rule_id: str) -> list[KeptBackTest]:
        with reading(self._pool) as connection:
            return BackTestStore(connection).of_rule(rule_id)

    def standings(self, days: int) -> Standings:
        with reading(self._pool) as connection:
            return standings(
                connection, since=datetime.now(UTC) - timedelta(days=days), now_ms=time.time_ns() // 1_000_000
            )

    def recent(self) -> list[Facts]:
        with reading(self._pool) as connection:
            return newest_facts(connection, RECENT)

    def back_test(self, rule: Rule, period: Period, on_progress: Progress) -> BackTest:
        """Of the newest MOST_TRIED decisions; raises RuleRefused where another back-test runs for long."""
        with _alone(), reading(self._pool) as connection:
            wanted = count_decisions(connection, period, most=MOST_TRIED)
            return back_test(
                connection,
                rule,
                period,
                now_ms=time.time_ns() // 1_000_000,
                most=MOST_TRIED,
                on_progress=lambda done: on_progress(done / max(wanted, done, 1), done),
            )


@contextmanager
def _alone() -> Iterator[None]:
    """One back-test at a time: it keeps a core busy, and everybody else waits for the page."""
    if not _one_at_a_time.acquire(timeout=WAIT_S):
        raise RuleRefused("another back-test is running; it takes seconds: try again")
    try:
        yield
    finally:
        _one_at_a_time.release()
