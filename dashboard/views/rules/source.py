"""What the rules pages read, and how they write."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from msgspec import Struct

from app.ports import Facts
from app.rules.back_test_store import KeptBackTest
from app.rules.backtest import Period
from app.rules.going_live import RuleDesk
from app.rules.proposals import Proposal
from app.rules.standing import Standings
from app.rules.store import RuleVersion
from domain.rules import Rule

Progress = Callable[[float, int], None]  # the part that is done, and how many decisions were read


class RulesView(Struct, frozen=True, kw_only=True):
    """All rules, and the proposals that wait for an answer."""

    rules: list[Rule]
    waiting: list[Proposal]


class RuleView(Struct, frozen=True, kw_only=True):
    """One rule; lists have the newest first. `author` gave it the effect that it has now."""

    rule: Rule
    author: str
    history: list[RuleVersion]
    back_tests: list[KeptBackTest]
    proposals: list[Proposal]

    @property
    def waiting(self) -> Proposal | None:
        return next((proposal for proposal in self.proposals if proposal.waits), None)

    def tried(self, now: datetime) -> KeptBackTest | None:
        """The newest back-test that a proposal may name."""
        return next((kept for kept in self.back_tests if kept.is_of(self.rule) and kept.is_fresh(now)), None)


class ExpressionBox(Protocol):
    def __call__(self, expression: str, *, seed: str) -> str:
        """Show a box to write in, and return what stands in it; another `seed` puts `expression` into it."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """Readings raise ReadingsUnavailable; `do` runs a deed in one transaction and raises as it does."""

    rules: Callable[[], RulesView]
    standings: Callable[[int], Standings]
    rule: Callable[[str], RuleView | None]
    back_tests: Callable[[str], list[KeptBackTest]]
    recent: Callable[[], Sequence[Facts]]
    back_test: Callable[[Rule, Period, Progress], KeptBackTest]
    do: Callable[[Callable[[RuleDesk], Any]], Any]
    write: ExpressionBox
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
