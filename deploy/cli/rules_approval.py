"""How a rule goes live: proposed with a back-test, and approved by a second person."""

import getpass
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.cli.rules_desk import RuleId, Share, Why, rule_desk, tell

if TYPE_CHECKING:
    from app.rules.proposals import Proposal, ProposalStore
    from app.rules.store import RuleStore

BackTestId = Annotated[
    str, typer.Option("--back-test", help="The back-test that speaks for it; its newest, unless given.")
]
BreakGlass = Annotated[
    bool, typer.Option("--break-glass", help="Go live on your word alone; the audit trail keeps it.")
]


def register(app: typer.Typer) -> None:
    for command in (propose, waiting, approve, refuse, promote):
        app.command()(command)


def propose(rule_id: RuleId, share: Share = 1.0, back_test: BackTestId = "", why: Why = "") -> None:
    """Ask that a rule, as it is now, acts on a share of riders."""
    with rule_desk() as desk:
        made = desk.propose(rule_id, share, back_test or _newest_back_test(desk.rules, rule_id), why=why)
        print(
            f"{rule_id} is proposed for {made.share:.0%} of riders: somebody else can say "
            f"`faregate rules approve {rule_id}`.",
            file=sys.stderr,
        )


def waiting() -> None:
    """Show the proposals that nobody answered."""
    with rule_desk() as desk:
        for proposal in desk.proposals.waiting():
            print(_told(proposal))


def approve(rule_id: RuleId, why: Why = "") -> None:
    """Say yes to a rule that somebody else wrote and proposed: it is live at once."""
    with rule_desk() as desk:
        desk.answer(_waiting_id(desk.proposals, rule_id), True, why=why)
        tell(desk.rules.find(rule_id))


def refuse(rule_id: RuleId, why: Why = "") -> None:
    """Say no to what was proposed, or take your own proposal back."""
    with rule_desk() as desk:
        desk.answer(_waiting_id(desk.proposals, rule_id), False, why=why)
        print(f"The proposal of {rule_id} is refused.", file=sys.stderr)


def promote(rule_id: RuleId, share: Share = 1.0, why: Why = "", break_glass: BreakGlass = False) -> None:
    """Lower the share of a live rule; with --break-glass and --why, put a rule live on your word alone."""
    with rule_desk() as desk:
        if break_glass:
            tell(desk.break_glass(rule_id, share, why=why, os_user=getpass.getuser()))
        else:
            tell(desk.lower_share(rule_id, share, why=why))


def _newest_back_test(store: "RuleStore", rule_id: str) -> str:
    from app.rules.back_test_store import BackTestStore
    from app.rules.errors import RuleRefused

    rule = store.find(rule_id)
    for kept in BackTestStore(store.connection).of_rule(rule_id):
        if kept.is_of(rule):
            return kept.back_test_id
    raise RuleRefused(f"{rule_id} has no back-test as it is now: `faregate rules test {rule_id}` first")


def _waiting_id(proposals: "ProposalStore", rule_id: str) -> str:
    from app.rules.errors import RuleRefused

    for proposal in proposals.history(rule_id):
        if proposal.approved is None:
            return proposal.proposal_id
    raise RuleRefused(f"nobody proposed {rule_id}: `faregate rules waiting` shows what is proposed")


def _told(proposal: "Proposal") -> str:
    why = f": {proposal.why}" if proposal.why else ""
    return (
        f"{proposal.rule_id} for {proposal.share:.0%} of riders, by {proposal.proposed_by} "
        f"at {proposal.proposed_at:%Y-%m-%d %H:%M}{why}"
    )
