"""What people do with rules, by their roles, each deed in the audit trail; nothing acts on one person's word.

An analyst writes drafts, back-tests and proposes. A lead answers proposals, puts rules in shadow and retires
them. A live rule acts until somebody changes what it does: then it goes back to shadow, and must be proposed
again.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from msgspec import structs

from app.desk.desk import Deed, write_down
from app.desk.errors import NotAllowed
from app.desk.people import Person, Role
from app.rules.back_test_store import BackTestStore, KeptBackTest
from app.rules.backtest import BackTest, Period
from app.rules.errors import RuleRefused
from app.rules.proposals import Proposal, ProposalStore
from app.rules.store import RuleStore
from app.rules.version import take_turn
from domain.rules import Mode, Rule

EDITABLE = frozenset({"expression", "action", "points", "priority", "owner", "expires_at_ms", "note"})
_EFFECT = ("expression", "action", "points", "priority")


def acts_otherwise(before: Rule, after: Rule) -> bool:
    """Whether the change gives the rule an effect that nobody approved; an earlier end does not."""
    end = float("inf")
    lasts_longer = (after.expires_at_ms or end) > (before.expires_at_ms or end)
    return lasts_longer or any(getattr(before, name) != getattr(after, name) for name in _EFFECT)


class RuleDesk:
    """As console or owner, `person` with the role of now. Methods raise RuleRefused, NotAllowed and psycopg's
    errors, and change nothing then."""

    def __init__(self, connection: psycopg.Connection[Any], person: Person) -> None:
        self._connection = connection
        self._person = person
        self.rules = RuleStore(connection)
        self.proposals = ProposalStore(connection)

    def add(self, rule: Rule, *, why: str = "") -> Rule:
        """Keep a new rule as a draft."""
        with self._deed(Role.ANALYST):
            kept = self.rules.add(structs.replace(rule, mode=Mode.DRAFT, share=1.0), by=self._by, why=why)
            self._tell("rule.add", kept.rule_id, expression=kept.expression, action=kept.action, why=why)
            return kept

    def change(self, rule_id: str, *, why: str = "", as_of: int | None = None, **changes: Any) -> Rule:
        """A new version; `changes` are EDITABLE fields, by somebody who looked at version `as_of`. A live
        rule that would act otherwise is in shadow then."""
        assert changes.keys() <= EDITABLE  # noqa: S101 - mode and share have methods of their own
        with self._deed(Role.ANALYST):
            before = self.rules.find(rule_id)
            if as_of not in (None, before.version):
                newest = self.rules.history(rule_id)[0]
                raise RuleRefused(
                    f"{newest.changed_by} changed {rule_id} meanwhile, to version {before.version}: "
                    "look at it anew, then change that"
                )
            if before.mode is not Mode.DRAFT:
                self._require(Role.LEAD, f"{rule_id} is {before.mode}; only a lead may change it.")
            if before.mode is Mode.LIVE and acts_otherwise(before, structs.replace(before, **changes)):
                changes |= {"mode": Mode.SHADOW, "share": 1.0}
            kept = self.rules.change(rule_id, by=self._by, why=why, **changes)
            told = {name: value for name, value in changes.items() if value != getattr(before, name)}
            self._tell("rule.change", rule_id, version=kept.version, why=why, **told)
            return kept

    def shadow(self, rule_id: str, *, why: str = "") -> Rule:
        """Let it be evaluated and recorded, without effect."""
        return self._move(rule_id, Mode.SHADOW, "rule.shadow", why)

    def retire(self, rule_id: str, *, why: str = "") -> Rule:
        """Make it a draft again: kept, never evaluated."""
        return self._move(rule_id, Mode.DRAFT, "rule.retire", why)

    def lower_share(self, rule_id: str, share: float, *, why: str = "") -> Rule:
        """Let a live rule act on fewer riders, at once."""
        with self._deed(Role.LEAD):
            before = self.rules.find(rule_id)
            if before.mode is not Mode.LIVE or not 0 < share < before.share:
                raise RuleRefused(
                    f"{rule_id} is {before.mode} at {before.share:.0%}: only the share of a live rule can be "
                    "lowered at once; more needs a back-test and a proposal that a second person approves"
                )
            kept = self.rules.set_mode(rule_id, Mode.LIVE, share=share, by=self._by, why=why)
            self._tell("rule.change", rule_id, version=kept.version, share=share, why=why)
            return kept

    def keep_back_test(self, rule: Rule, period: Period, result: BackTest) -> KeptBackTest:
        with self._deed(Role.ANALYST):
            kept = BackTestStore(self._connection).keep(rule, period, result, by=self._by)
            self._tell(
                "rule.back_test", rule.rule_id, back_test=kept.back_test_id, decisions=result.decisions,
                hits=result.hit_count,
            )  # fmt: skip
            return kept

    def propose(self, rule_id: str, share: float, back_test_id: str, *, why: str = "") -> Proposal:
        """As ProposalStore.propose."""
        with self._deed(Role.ANALYST):
            made = self.proposals.propose(rule_id, share, back_test_id, why=why, by=self._by)
            self._tell("rule.propose", rule_id, proposal=made.proposal_id, share=share, why=why)
            return made

    def answer(self, proposal_id: str, approved: bool, *, why: str = "") -> Proposal:
        """As ProposalStore.answer; whoever proposed may take it back without being a lead."""
        with self._deed(Role.ANALYST):
            proposal = self.proposals.find(proposal_id)
            if approved or proposal.proposed_by != self._by:
                self._require(Role.LEAD, "Only a lead answers proposals: ask one.")
            answered = self.proposals.answer(proposal_id, approved, why=why, by=self._by)
            if proposal.approved is None:
                action = "rule.approve" if approved else "rule.refuse"
                self._tell(action, proposal.rule_id, proposal=proposal_id, share=proposal.share, why=why)
            return answered

    def break_glass(self, rule_id: str, share: float, *, why: str, **told: Any) -> Rule:
        """Put a rule live on one person's word, for an emergency in which no second one is there."""
        if not why.strip():
            raise RuleRefused("to go live without a second person, say why: it stands in the audit trail")
        with self._deed(Role.ADMIN):
            kept = self.rules.set_mode(rule_id, Mode.LIVE, share=share, by=self._by, why=why)
            self._tell("rule.break_glass", rule_id, version=kept.version, share=share, why=why, **told)
            return kept

    def _move(self, rule_id: str, mode: Mode, action: str, why: str) -> Rule:
        with self._deed(Role.LEAD):
            kept = self.rules.set_mode(rule_id, mode, by=self._by, why=why)
            self._tell(action, rule_id, version=kept.version, why=why)
            return kept

    @property
    def _by(self) -> str:
        return self._person.person_id

    @contextmanager
    def _deed(self, least: Role) -> Iterator[None]:
        """One transaction, in which no other writer changes what was looked at."""
        self._require(least, f"Only a {least} may do this: ask one.")
        with self._connection.transaction():
            take_turn(self._connection)
            yield

    def _require(self, least: Role, sentence: str) -> None:
        if not self._person.role.allows(least):
            raise NotAllowed(sentence)

    def _tell(self, action: str, rule_id: str, /, **details: Any) -> None:
        write_down(
            self._connection, self._person, Deed(action=action, subject=rule_id, details=_plain(details))
        )


def _plain(details: Mapping[str, Any]) -> dict[str, Any]:
    """Without what says nothing."""
    return {name: value for name, value in details.items() if value not in (None, "")}
