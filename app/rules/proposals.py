"""Rules proposed to act, and the second person's word on each."""

import secrets
from datetime import UTC, datetime
from typing import Any

import msgspec
import psycopg
from msgspec import Struct
from psycopg.rows import dict_row

from app.letters import in_letters
from app.queries import queries_of
from app.rules.back_test_store import FRESH_DAYS, BackTestStore, KeptBackTest
from app.rules.errors import RuleRefused
from app.rules.store import RuleStore
from app.rules.version import take_turn
from domain.events import to_ms
from domain.rules import Mode, Rule

REPLACED = "another proposal took its place"
MAX_WHY = 400
query = queries_of(__file__)


class Proposal(Struct, frozen=True, kw_only=True):
    """`holds` while the rule is as it was proposed; `approved` is None while nobody answered."""

    proposal_id: str
    rule_id: str
    rule_version: int
    share: float
    back_test_id: str
    proposed_by: str
    why: str
    proposed_at: datetime
    answered_by: str | None
    answered_at: datetime | None
    approved: bool | None
    answer_why: str
    holds: bool

    @property
    def waits(self) -> bool:
        return self.approved is None and self.holds


class ProposalStore:
    """As console or owner. Methods raise RuleRefused and psycopg's errors."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._rules = RuleStore(connection)

    def waiting(self) -> list[Proposal]:
        """Those that somebody may answer, the oldest first."""
        return self._read(query("proposals_waiting"))

    def history(self, rule_id: str, most: int = 50) -> list[Proposal]:
        """The newest first."""
        return self._read(query("proposals"), rule_id=rule_id, proposal_id=None, most=most)

    def find(self, proposal_id: str) -> Proposal:
        for proposal in self._read(query("proposals"), rule_id=None, proposal_id=proposal_id, most=1):
            return proposal
        raise RuleRefused(
            f"there is no proposal {proposal_id}: `faregate rules waiting` shows those that wait"
        )

    def author(self, rule_id: str) -> str:
        """Who gave the rule the effect that it has now."""
        row = self._connection.execute(query("author"), {"rule_id": rule_id}).fetchone()
        return str(row[0]) if row else ""

    def propose(self, rule_id: str, share: float, back_test_id: str, *, why: str, by: str) -> Proposal:
        """Ask for a second person's word that the rule, as it is now, acts on a share of riders."""
        _require_short(why)
        with self._connection.transaction():
            take_turn(self._connection)
            rule, now = self._rules.find(rule_id), datetime.now(UTC)
            require_proposable(rule, share, now)
            require_tried(BackTestStore(self._connection).find(back_test_id), rule, now)
            self._end_former(rule_id, by)
            proposal_id = f"prop_{in_letters(secrets.token_hex(10))}"
            row = {
                "proposal_id": proposal_id,
                "rule_id": rule_id,
                "rule_version": rule.version,
                "share": share,
                "back_test_id": back_test_id,
                "proposed_by": by,
                "why": why,
            }
            self._connection.execute(query("propose"), row)
            return self.find(proposal_id)

    def answer(self, proposal_id: str, approved: bool, *, why: str, by: str) -> Proposal:
        """Say yes, which puts the rule live in the same transaction, or no; a proposer may take it back."""
        _require_short(why)
        with self._connection.transaction():
            take_turn(self._connection)
            proposal = self.find(proposal_id)
            if proposal.approved is not None:
                return _same_again(proposal, approved, by)
            if approved:
                self._require_second_person(proposal, by)
                self._require_still_so(proposal)
            row = {"proposal_id": proposal_id, "approved": approved, "why": why, "by": by}
            self._connection.execute(query("answer"), row)
            if approved:
                self._put_live(proposal, by, why)
            return self.find(proposal_id)

    def _put_live(self, proposal: Proposal, by: str, why: str) -> None:
        told = f"proposed by {proposal.proposed_by}" + (f"; {why}" if why else "")
        self._rules.set_mode(proposal.rule_id, Mode.LIVE, share=proposal.share, by=by, why=told)

    def _require_second_person(self, proposal: Proposal, by: str) -> None:
        if by == proposal.proposed_by:
            raise RuleRefused(f"{by} proposed {proposal.rule_id}: a second person must approve it")
        if by == self.author(proposal.rule_id):
            raise RuleRefused(
                f"{by} wrote {proposal.rule_id} as it is now: somebody who did not must approve it"
            )

    def _require_still_so(self, proposal: Proposal) -> None:
        if not proposal.holds:
            raise RuleRefused(f"{proposal.rule_id} was changed since: back-test and propose again")
        back_test = BackTestStore(self._connection).find(proposal.back_test_id)
        require_tried(back_test, self._rules.find(proposal.rule_id), datetime.now(UTC))

    def _end_former(self, rule_id: str, by: str) -> None:
        for former in self.history(rule_id):
            if former.waits:
                raise RuleRefused(
                    f"{former.proposed_by} proposed {rule_id} at {former.share:.0%} already: "
                    "answer that first, or let it be taken back"
                )
            if former.approved is None:
                row = {"proposal_id": former.proposal_id, "approved": False, "why": REPLACED, "by": by}
                self._connection.execute(query("answer"), row)

    def _read(self, statement: bytes, **values: Any) -> list[Proposal]:
        with self._connection.cursor(row_factory=dict_row) as cursor:
            return msgspec.convert(cursor.execute(statement, values).fetchall(), list[Proposal])


def require_proposable(rule: Rule, share: float, now: datetime) -> None:
    """Raises RuleRefused where there is nothing to ask for."""
    if not 0 < share <= 1:
        raise RuleRefused(f"a share of {share:.0%} is none of the riders: give from 1 to 100 %")
    if rule.mode is Mode.LIVE and share <= rule.share:
        raise RuleRefused(
            f"{rule.rule_id} acts on {rule.share:.0%} of riders already; a smaller share needs no proposal"
        )
    if rule.expires_at_ms is not None and rule.expires_at_ms <= to_ms(now):
        raise RuleRefused(f"{rule.rule_id} has expired: give it a later end first")


def require_tried(back_test: KeptBackTest, rule: Rule, now: datetime) -> None:
    """Raises RuleRefused unless the back-test speaks of the rule as it is, and lately."""
    if not back_test.is_of(rule):
        raise RuleRefused(
            f"{back_test.back_test_id} is no back-test of {rule.rule_id} as it is now: back-test it again"
        )
    if not back_test.is_fresh(now):
        raise RuleRefused(
            f"the back-test of {rule.rule_id} is older than {FRESH_DAYS} days: back-test and propose again"
        )
    if not back_test.result.decisions:
        raise RuleRefused(f"the back-test of {rule.rule_id} read no decision: choose a longer period")


def _same_again(proposal: Proposal, approved: bool, by: str) -> Proposal:
    """A second click changes nothing; another's answer stands."""
    if (proposal.answered_by, proposal.approved) == (by, approved):
        return proposal
    said = "approved" if proposal.approved else "refused"
    raise RuleRefused(f"{proposal.answered_by} {said} this proposal already; look at the rule anew")


def _require_short(why: str) -> None:
    if len(why) > MAX_WHY:
        raise RuleRefused(f"the why has {len(why)} characters, {MAX_WHY} are allowed")
