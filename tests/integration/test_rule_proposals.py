"""A rule needs two people: who may propose and approve what, and what ends a proposal."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from ledger_rows import add_decision
from rule_factories import a_rule

from app.desk.errors import NotAllowed
from app.desk.people import Person, Role
from app.rules.back_test_store import BackTestStore, KeptBackTest
from app.rules.backtest import BackTest, Period, back_test
from app.rules.errors import RuleRefused
from app.rules.going_live import RuleDesk
from app.rules.keeper import PolicyKeeper
from app.rules.proposals import ProposalStore
from app.rules.store import RuleStore
from domain.labels import Label
from domain.rules import Action, Mode, Rule

Conninfo = Callable[[str], str]
Connection = psycopg.Connection[Any]
NOW = datetime.now(UTC)
WEEK = Period(since=NOW - timedelta(days=7), until=NOW)


@pytest.fixture
def console(conninfo: Conninfo) -> Iterator[Connection]:
    with psycopg.connect(conninfo("faregate_console"), autocommit=True) as connection:
        yield connection


@pytest.fixture
def owner(conninfo: Conninfo) -> Iterator[Connection]:
    with psycopg.connect(conninfo("faregate_owner"), autocommit=True) as connection:
        yield connection


@pytest.fixture
def as_(console: Connection) -> Callable[[str], RuleDesk]:
    """The desk as one of these people sees it."""
    roles = {"ana": Role.ANALYST, "ben": Role.ANALYST, "lou": Role.LEAD, "max": Role.LEAD, "ada": Role.ADMIN}

    def desk(name: str) -> RuleDesk:
        return RuleDesk(console, Person(person_id=name, name=name.title(), role=roles[name]))

    return desk


As = Callable[[str], RuleDesk]


def tried(desk: RuleDesk, rule: Rule, **given: Any) -> KeptBackTest:
    return desk.keep_back_test(rule, WEEK, BackTest(rule=rule.rule_id, **{"decisions": 9, **given}))


def proposed(as_: As, share: float = 1.0, by: str = "ana") -> str:
    """A draft written and proposed by the same analyst, unless another proposes it; the proposal's id."""
    rule = as_("ana").add(a_rule())
    kept = tried(as_(by), rule)
    return as_(by).propose("rule_a", share, kept.back_test_id, why="cards from a list").proposal_id


def audit(owner: Connection) -> list[tuple[str, str]]:
    return owner.execute("select person_id, action from audit_trail order by audit_id").fetchall()  # type: ignore[return-value]


def test_a_second_person_puts_a_rule_live_for_the_share_that_was_asked(as_: As, owner: Connection) -> None:
    proposal_id = proposed(as_, share=0.25)
    answered = as_("lou").answer(proposal_id, True, why="I looked at ten of them")
    rule = as_("lou").rules.find("rule_a")
    assert (rule.mode, rule.share, rule.version) == (Mode.LIVE, 0.25, 2)
    assert (answered.approved, answered.answered_by, answered.answer_why) == (
        True,
        "lou",
        "I looked at ten of them",
    )
    assert as_("ana").rules.history("rule_a")[0].why == "proposed by ana; I looked at ten of them"
    assert audit(owner) == [
        ("ana", "rule.add"),
        ("ana", "rule.back_test"),
        ("ana", "rule.propose"),
        ("lou", "rule.approve"),
    ]


@pytest.mark.anyio
async def test_every_process_that_decides_has_it(as_: As, conninfo: Conninfo) -> None:
    as_("lou").answer(proposed(as_), True)
    keeper = PolicyKeeper(conninfo("faregate_api"))
    await keeper.feel()
    assert keeper.current().rulebook.version == as_("lou").rules.version()


def test_neither_who_proposed_nor_who_wrote_it_approves(as_: As) -> None:
    rule = as_("lou").add(a_rule())
    kept = tried(as_("max"), rule)
    proposal_id = as_("max").propose("rule_a", 1.0, kept.back_test_id).proposal_id
    with pytest.raises(RuleRefused, match="max proposed rule_a: a second person must approve it"):
        as_("max").answer(proposal_id, True)
    with pytest.raises(RuleRefused, match="lou wrote rule_a as it is now"):
        as_("lou").answer(proposal_id, True)
    assert as_("ada").answer(proposal_id, True).approved


def test_the_author_is_who_gave_it_its_effect(as_: As) -> None:
    as_("ana").add(a_rule())
    as_("lou").change("rule_a", expression="amount >= 50")
    as_("ben").change("rule_a", note="of Friday")
    as_("max").shadow("rule_a")
    assert as_("ana").proposals.author("rule_a") == "lou"
    assert as_("ana").proposals.author("rule_none") == ""


def test_an_analyst_neither_approves_nor_moves_rules(as_: As) -> None:
    proposal_id = proposed(as_)
    for deed in (
        lambda desk: desk.answer(proposal_id, True),
        lambda desk: desk.answer(proposal_id, False),
        lambda desk: desk.shadow("rule_a"),
        lambda desk: desk.retire("rule_a"),
        lambda desk: desk.lower_share("rule_a", 0.1),
        lambda desk: desk.break_glass("rule_a", 1.0, why="haste"),
    ):
        with pytest.raises(NotAllowed, match="Only"):
            deed(as_("ben"))
    as_("lou").answer(proposal_id, True)
    with pytest.raises(NotAllowed, match="rule_a is live; only a lead may change it"):
        as_("ana").change("rule_a", note="mine")


def test_a_proposer_takes_it_back(as_: As) -> None:
    proposal_id = proposed(as_)
    assert as_("ana").answer(proposal_id, False, why="a slip").approved is False
    assert as_("ana").proposals.waiting() == []
    assert as_("ana").rules.find("rule_a").mode is Mode.DRAFT


def test_an_answer_is_given_once(as_: As, owner: Connection) -> None:
    proposal_id = proposed(as_)
    as_("lou").answer(proposal_id, True)
    assert as_("lou").answer(proposal_id, True).approved, "a second click"
    with pytest.raises(RuleRefused, match="lou approved this proposal already"):
        as_("max").answer(proposal_id, False)
    assert as_("lou").rules.find("rule_a").version == 2
    assert audit(owner).count(("lou", "rule.approve")) == 1
    with pytest.raises(RuleRefused, match="there is no proposal prop_none"):
        as_("lou").answer("prop_none", True)


def test_of_two_leads_at_once_one_answers(as_: As, conninfo: Conninfo) -> None:
    proposal_id = proposed(as_)

    def answer(name: str) -> bool:
        with psycopg.connect(conninfo("faregate_console"), autocommit=True) as connection:
            desk = RuleDesk(connection, Person(person_id=name, name=name, role=Role.LEAD))
            try:
                return desk.answer(proposal_id, True).approved is True
            except RuleRefused:
                return False

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(answer, ("lou", "max"))) == [False, True]
    assert as_("lou").rules.find("rule_a").version == 2


def test_a_rule_that_was_changed_since_must_be_proposed_again(as_: As) -> None:
    proposal_id = proposed(as_)
    as_("ben").change("rule_a", expression="amount >= 50")
    with pytest.raises(RuleRefused, match="rule_a was changed since: back-test and propose again"):
        as_("lou").answer(proposal_id, True)
    assert as_("lou").proposals.waiting() == []
    kept = tried(as_("ana"), as_("ana").rules.find("rule_a"))
    again = as_("ana").propose("rule_a", 0.5, kept.back_test_id)
    former = as_("ana").proposals.history("rule_a")[1]
    assert (former.proposal_id, former.approved) == (proposal_id, False)
    assert [each.proposal_id for each in as_("lou").proposals.waiting()] == [again.proposal_id]


def test_one_proposal_waits_at_a_time(as_: As) -> None:
    proposed(as_, share=0.5)
    kept = as_("ben").proposals.history("rule_a")[0].back_test_id
    with pytest.raises(RuleRefused, match=r"ana proposed rule_a at 50% already: answer that first"):
        as_("ben").propose("rule_a", 1.0, kept)


def test_a_back_test_must_be_of_the_rule_as_it_is_and_of_late(as_: As, owner: Connection) -> None:
    rule = as_("ana").add(a_rule())
    other = tried(as_("ana"), a_rule(expression="amount >= 6"))
    harder = tried(as_("ana"), a_rule(action=Action.DECLINE))
    for kept in (other, harder):
        with pytest.raises(RuleRefused, match="is no back-test of rule_a as it is now"):
            as_("ana").propose("rule_a", 1.0, kept.back_test_id)
    with pytest.raises(RuleRefused, match="there is no back-test bt_none"):
        as_("ana").propose("rule_a", 1.0, "bt_none")
    empty = tried(as_("ana"), rule, decisions=0)
    with pytest.raises(RuleRefused, match="read no decision"):
        as_("ana").propose("rule_a", 1.0, empty.back_test_id)
    kept = tried(as_("ana"), rule)
    proposal_id = as_("ana").propose("rule_a", 1.0, kept.back_test_id).proposal_id
    owner.execute("update back_tests set run_at = run_at - interval '8 days'")
    with pytest.raises(RuleRefused, match="older than 7 days: back-test and propose again"):
        as_("lou").answer(proposal_id, True)
    as_("lou").answer(proposal_id, False)
    with pytest.raises(RuleRefused, match="older than 7 days"):
        as_("ana").propose("rule_a", 1.0, kept.back_test_id)


@pytest.mark.parametrize(
    ("given", "share", "told"),
    [
        ({"mode": Mode.LIVE, "share": 0.5}, 0.5, "acts on 50% of riders already"),
        ({"mode": Mode.LIVE}, 1.0, "acts on 100% of riders already"),
        ({"mode": Mode.SHADOW}, 0.0, "a share of 0% is none of the riders"),
        ({"mode": Mode.SHADOW, "expires_at_ms": 1}, 1.0, "rule_a has expired"),
    ],
)
def test_what_needs_no_proposal(
    as_: As, console: Connection, given: dict[str, Any], share: float, told: str
) -> None:
    rule = RuleStore(console).add(a_rule(**given), by="faregate")
    kept = tried(as_("ana"), rule)
    with pytest.raises(RuleRefused, match=told):
        as_("ana").propose("rule_a", share, kept.back_test_id)


def test_a_live_rule_that_would_act_otherwise_is_in_shadow_again(as_: As, console: Connection) -> None:
    for number, changes in enumerate(
        ({"expression": "amount > 6"}, {"action": Action.DECLINE}, {"priority": 9}, {"expires_at_ms": None})
    ):
        rule_id = f"rule_{number}"
        RuleStore(console).add(a_rule(rule_id, share=0.5, expires_at_ms=4_000_000_000_000), by="faregate")
        changed = as_("lou").change(rule_id, **changes)
        assert (changed.mode, changed.share) == (Mode.SHADOW, 1.0), changes
    RuleStore(console).add(a_rule("rule_b", share=0.5), by="faregate")
    kept = as_("lou").change("rule_b", note="of Friday", owner="lou", expires_at_ms=4_000_000_000_000)
    assert (kept.mode, kept.share) == (Mode.LIVE, 0.5)


def test_less_effect_needs_no_second_person(as_: As, console: Connection, owner: Connection) -> None:
    RuleStore(console).add(a_rule(), by="faregate")
    assert as_("lou").lower_share("rule_a", 0.1).share == 0.1
    for share in (0.1, 0.5, 0.0):
        with pytest.raises(RuleRefused, match="more needs a back-test and a proposal"):
            as_("lou").lower_share("rule_a", share)
    assert as_("lou").shadow("rule_a", why="too loud").mode is Mode.SHADOW
    assert as_("lou").retire("rule_a").mode is Mode.DRAFT
    assert [action for _, action in audit(owner)] == ["rule.change", "rule.shadow", "rule.retire"]


def test_a_stale_page_changes_nothing(as_: As) -> None:
    as_("ana").add(a_rule())
    as_("ben").change("rule_a", note="mine", as_of=1)
    with pytest.raises(RuleRefused, match="ben changed rule_a meanwhile, to version 2"):
        as_("ana").change("rule_a", expression="amount > 7", as_of=1)


def test_in_an_emergency_one_person_must_say_why(as_: As, owner: Connection) -> None:
    as_("ana").add(a_rule())
    with pytest.raises(RuleRefused, match="say why"):
        as_("ada").break_glass("rule_a", 1.0, why=" ")
    assert as_("ada").break_glass("rule_a", 1.0, why="an attack at night", os_user="root").mode is Mode.LIVE
    [details] = (
        owner.execute("select details from audit_trail where action = 'rule.break_glass'").fetchone() or []
    )
    assert details == {"version": 2, "share": 1.0, "why": "an attack at night", "os_user": "root"}


def test_a_new_rule_is_a_draft_whatever_it_says(as_: As) -> None:
    kept = as_("ana").add(a_rule(mode=Mode.LIVE, share=0.5))
    assert (kept.mode, kept.share) == (Mode.DRAFT, 1.0)


def test_a_back_test_comes_back_as_it_was_kept(console: Connection, owner: Connection) -> None:
    add_decision(owner, decided_at=NOW - timedelta(hours=1), as_of_ms=1, amount=9.0)
    rule = a_rule()
    found = back_test(console, rule, WEEK, now_ms=round(NOW.timestamp() * 1000))
    store = BackTestStore(console)
    kept = store.keep(rule, WEEK, found, by="ana")
    assert store.find(kept.back_test_id) == kept
    assert store.of_rule("rule_a") == [kept]
    assert kept.result == found
    assert [sample.amount_minor for sample in kept.result.samples[Label.UNKNOWN]] == [1_850]


def test_the_console_cannot_approve_by_itself(console: Connection, as_: As) -> None:
    proposed(as_)
    with pytest.raises(psycopg.errors.CheckViolation):
        console.execute(
            "update rule_proposals set approved = true, answered_by = proposed_by, answered_at = now()"
        )
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        console.execute("update rule_proposals set proposed_by = 'somebody'")
    with pytest.raises(RuleRefused, match="the why has 401 characters"):
        ProposalStore(console).propose("rule_a", 1.0, "bt_a", why="a" * 401, by="ana")
