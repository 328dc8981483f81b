"""A policy that people set: in force within a second, named by decisions, made again, and not set blindly."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, suppress
from typing import Any

import psycopg
import pytest
from explaining_desk import Desk as DecidingDesk
from psycopg_pool import ConnectionPool
from small_model import MODEL_KEY, write_small_model

from app import postgres
from app.assessment import POLICY_VERSION
from app.desk.desk import Desk
from app.desk.errors import NotAllowed
from app.ledger import PostgresLedger
from app.policies.dialling import PolicyDesk
from app.policies.store import PolicyChanged, PolicyStore
from app.replies import decode_reply
from app.rules.keeper import InForce, PolicyKeeper
from app.rules.version import newest_versions
from domain.decision import Verdict
from domain.policy import Policy, PolicyRefused
from domain.rules import Action
from scoring.scorer import Scorer

Conninfo = Callable[[str], str]
CUTS = Policy(review=0.1, challenge=0.2, decline=0.5, reviews_a_day=80)
PEOPLE = (("lea", "lead"), ("ana", "analyst"))


@pytest.fixture
def console(conninfo: Conninfo) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(conninfo("faregate_console"), autocommit=True) as connection:
        yield connection


@pytest.fixture
def store(console: psycopg.Connection[Any]) -> PolicyStore:
    return PolicyStore(console)


@pytest.fixture
def desk(conninfo: Conninfo) -> Iterator[PolicyDesk]:
    with psycopg.connect(conninfo("faregate_owner"), autocommit=True) as owner:
        for person_id, role in PEOPLE:
            owner.execute(
                "insert into people (person_id, name, role) values (%s, %s, %s)",
                (person_id, person_id.title(), role),
            )
    with ConnectionPool(
        conninfo("faregate_console"), kwargs={"autocommit": True}, min_size=1, open=True
    ) as pool:
        yield PolicyDesk(Desk(pool))


def apply(desk: PolicyDesk, **given: Any) -> int:
    defaults: dict[str, Any] = {
        "instead_of": 0,
        "person_id": "lea",
        "why": "fewer reviews",
        "evidence": {"days": 30},
        "key": "click-1",
    }
    return desk.apply(given.pop("policy", CUTS), **defaults | given)


def test_a_policy_comes_back_as_it_was_set(store: PolicyStore, console: psycopg.Connection[Any]) -> None:
    assert (store.current(), store.history(), store.as_of(1)) == (None, [], None)
    first = store.apply(CUTS, by="lea", why="a try", evidence={"frauds": 212})
    cleared = store.apply(Policy(), by="lea")
    assert store.current() == Policy(version=cleared)
    kept = store.as_of(first)
    assert kept == Policy(version=first, review=0.1, challenge=0.2, decline=0.5, reviews_a_day=80)
    assert [(each.policy.version, each.changed_by, each.why) for each in store.history()] == [
        (cleared, "lea", ""),
        (first, "lea", "a try"),
    ]
    assert store.history()[1].evidence == {"frauds": 212}
    assert newest_versions(console).policy == cleared
    assert newest_versions(console).rules == 0


def test_what_cannot_be_set_changes_nothing(store: PolicyStore) -> None:
    for policy, why in ((Policy(review=0.5), ""), (CUTS, "x" * 501)):
        with pytest.raises(PolicyRefused):
            store.apply(policy, by="lea", why=why)
    assert store.history() == []


def test_a_lead_sets_it_and_the_trail_tells(desk: PolicyDesk, console: psycopg.Connection[Any]) -> None:
    version = apply(desk)
    [told] = console.execute("select person_id, role, action, details from audit_trail").fetchall()
    assert told[:3] == ("lea", "lead", "policy.apply")
    assert (told[3]["version"], told[3]["decline"], told[3]["days"]) == (version, 0.5, 30)


def test_a_second_click_sets_nothing_more(desk: PolicyDesk, store: PolicyStore) -> None:
    assert apply(desk) == apply(desk)
    assert len(store.history()) == 1


def test_a_stale_page_is_told_who_was_faster(desk: PolicyDesk, store: PolicyStore) -> None:
    first = apply(desk)
    with pytest.raises(PolicyChanged, match=rf"lea set policy {first} at 2.*\(fewer reviews\): nothing was"):
        apply(desk, key="click-2")
    second = apply(desk, instead_of=first, policy=Policy(), key="click-3")
    assert [each.policy.version for each in store.history()] == [second, first]


def test_an_analyst_is_refused(desk: PolicyDesk, store: PolicyStore) -> None:
    with pytest.raises(NotAllowed, match="Only a lead may do this"):
        apply(desk, person_id="ana")
    assert store.current() is None


@pytest.mark.anyio
async def test_every_process_takes_it_up_within_a_second(conninfo: Conninfo, store: PolicyStore) -> None:
    keeper = PolicyKeeper(conninfo("faregate_api"))
    await keeper.feel()
    task = asyncio.create_task(keeper.serve())
    try:
        assert keeper.current().policy is None
        await asyncio.sleep(0.2)
        for policy in (CUTS, Policy()):
            version = await asyncio.to_thread(store.apply, policy, by="lea")
            began = time.monotonic()
            while (keeper.current().policy or CUTS).version != version:
                assert time.monotonic() - began < 1.0
                await asyncio.sleep(0.005)
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


@pytest.mark.anyio
async def test_without_postgresql_the_last_known_policy_stays(conninfo: Conninfo, store: PolicyStore) -> None:
    version = store.apply(CUTS, by="lea")
    keeper = PolicyKeeper(conninfo("faregate_api"))
    await keeper.feel()
    keeper._conninfo = "host=127.0.0.1 port=1 user=faregate_api dbname=faregate"
    await keeper.feel()
    assert keeper.current().policy == store.as_of(version)


class PolicedDesk(DecidingDesk):
    """Decides by the policy in force too."""

    def in_force(self) -> InForce:
        before = super().in_force()
        policy = PolicyStore(self.api).current()
        return InForce(rulebook=before.rulebook, lists=before.lists, policy=policy)


@pytest.fixture(scope="module")
def scorer(tmp_path_factory: pytest.TempPathFactory) -> Scorer:
    return Scorer.load(write_small_model(tmp_path_factory.mktemp("models") / "small"), MODEL_KEY)


@pytest.fixture
async def deciding(conninfo: Conninfo, scorer: Scorer) -> AsyncIterator[PolicedDesk]:
    async with AsyncExitStack() as stack:
        pool = postgres.pool("test", conninfo=conninfo("faregate_api"), patience_s=5.0)
        ledger = PostgresLedger(await stack.enter_async_context(pool), lambda: None)
        people, api = (
            stack.enter_context(psycopg.connect(conninfo(role), autocommit=True))
            for role in ("faregate_console", "faregate_api")
        )
        yield PolicedDesk(scorer, ledger, people, api)


@pytest.mark.anyio
async def test_decisions_name_the_policy_and_are_made_again_by_it(
    deciding: PolicedDesk, store: PolicyStore
) -> None:
    before = await deciding.decide()
    strict = store.apply(Policy(review=0.0, challenge=0.0, decline=0.0), by="lea")
    under = await deciding.decide()
    deciding.add("rule_small", "amount_minor > 0", Action.ADD_SCORE, points=-5)
    cleared = store.apply(Policy(), by="lea")
    after = await deciding.decide()
    names = [decode_reply(answer.reply).versions.policy for answer in (before, under, after)]
    assert names == [POLICY_VERSION, f"{POLICY_VERSION}.{strict}", f"{POLICY_VERSION}.{cleared}"]
    assert (before.verdict, under.verdict) == (Verdict.APPROVE, Verdict.DECLINE)
    for answer in (before, under, after):
        assert deciding.comes_out_the_same(answer)
    assert deciding.why(under).replay.same


@pytest.mark.anyio
async def test_a_policy_that_is_gone_is_told(
    deciding: PolicedDesk, store: PolicyStore, conninfo: Conninfo
) -> None:
    version = store.apply(CUTS, by="lea")
    answer = await deciding.decide()
    with psycopg.connect(conninfo("faregate_owner"), autocommit=True) as owner:
        owner.execute("truncate policies")
    assert f"decided by policy {version}" in (deciding.why(answer).replay.refused or "")
