"""Rules and lists in force in every process: told at once, and kept while PostgreSQL is away."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import psycopg
import pytest
from rule_factories import a_rule, facts

from app.rules import keeper as keeper_module
from app.rules.keeper import PolicyKeeper
from app.rules.list_store import ListStore
from app.rules.store import RuleStore
from domain.rules import Mode

pytestmark = pytest.mark.anyio
Conninfo = Callable[[str], str]
PAID = facts(amount=9.0, card_id="card_x")


@asynccontextmanager
async def keepers(conninfo: Conninfo, number: int = 2) -> AsyncIterator[list[PolicyKeeper]]:
    made = [PolicyKeeper(conninfo("faregate_api")) for _ in range(number)]
    for each in made:
        await each.feel()
    tasks = [asyncio.create_task(each.serve()) for each in made]
    try:
        yield made
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def soon(look: Callable[[], bool], within_s: float = 1.0) -> float:
    """How long it took to come true; fails when it took longer than `within_s`."""
    began = time.monotonic()
    while not look():
        assert time.monotonic() - began < within_s, f"it did not come true within {within_s} s"
        await asyncio.sleep(0.005)
    return time.monotonic() - began


def _acts(keeper: PolicyKeeper, rule_id: str = "rule_a") -> bool:
    return any(hit.acted and hit.rule_id == rule_id for hit in keeper.current().rulebook.examine(PAID).hits)


def _blocks(keeper: PolicyKeeper) -> bool:
    return keeper.current().lists.match(PAID) is not None


def _console(conninfo: Conninfo) -> "psycopg.Connection[tuple[object, ...]]":
    return psycopg.connect(conninfo("faregate_console"), autocommit=True)


async def test_a_new_database_has_no_rules_and_no_entries(conninfo: Conninfo) -> None:
    keeper = PolicyKeeper(conninfo("faregate_api"))
    assert not keeper.loaded
    await keeper.feel()
    assert keeper.loaded
    assert (keeper.current().rulebook.version, keeper.current().lists.version) == (0, 0)


async def test_what_is_in_force_is_read_at_the_start(conninfo: Conninfo) -> None:
    with _console(conninfo) as console:
        RuleStore(console).add(a_rule(), by="ana")
        ListStore(console).add("block", ["card_x", "card_y"], by="ana")
        ListStore(console).add("block", ["usr_a"], expires_at_ms=1_000, by="ana")
    keeper = PolicyKeeper(conninfo("faregate_api"))
    await keeper.feel()
    assert _acts(keeper)
    assert _blocks(keeper)
    assert len(keeper.current().lists) == 2  # what expired is not even read


async def test_every_process_follows_a_change_of_rules_within_a_second(conninfo: Conninfo) -> None:
    async with keepers(conninfo) as both:
        with _console(conninfo) as console:
            store = RuleStore(console)
            for change, expected in (
                (lambda: store.add(a_rule(), by="ana"), True),
                (lambda: store.set_mode("rule_a", Mode.SHADOW, by="ana"), False),
                (lambda: store.set_mode("rule_a", Mode.LIVE, by="ana"), True),
                (lambda: store.change("rule_a", expression="amount > 10", by="ana"), False),
            ):
                await asyncio.to_thread(change)
                await soon(lambda: all(_acts(each) is expected for each in both))  # noqa: B023 - looked at now
                assert {each.current().rulebook.version for each in both} == {store.version()}


async def test_every_process_follows_a_change_of_lists_within_a_second(conninfo: Conninfo) -> None:
    async with keepers(conninfo) as both:
        with _console(conninfo) as console:
            store = ListStore(console)
            [first] = await asyncio.to_thread(lambda: store.add("block", ["card_x"], by="ana"))
            await soon(lambda: all(map(_blocks, both)))
            await asyncio.to_thread(lambda: store.add("block", ["card_x"], by="ana"))
            await soon(lambda: all(each.current().lists.version == store.version() for each in both))
            hits = {each.current().lists.match(PAID) for each in both}
            [second] = store.entries()
            assert {hit.entry_id for hit in hits if hit} == {second.entry_id} != {first.entry_id}
            await asyncio.to_thread(lambda: store.remove([second.entry_id], by="ana"))
            await soon(lambda: not any(map(_blocks, both)))


async def test_a_change_is_seen_without_being_told(conninfo: Conninfo) -> None:
    """The notification may get lost; processes look by themselves."""
    async with keepers(conninfo) as both:
        with psycopg.connect(conninfo("faregate_owner"), autocommit=True) as owner:
            owner.execute(
                "with change as ("
                " insert into policy_changes (kind, changed_by) values ('rules', 'ana') returning version"
                ") insert into rules"
                " (rule_id, version, rulebook_version, expression, action, priority, mode, owner)"
                " select 'rule_a', 1, version, 'amount > 1', 'review', 0, 'live', 'ana' from change"
            )
        await soon(lambda: all(map(_acts, both)))


async def test_being_told_is_faster_than_looking(conninfo: Conninfo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper_module, "LOOK_EVERY_S", 30.0)
    async with keepers(conninfo) as both:
        with _console(conninfo) as console:
            await asyncio.sleep(0.3)
            await asyncio.to_thread(lambda: RuleStore(console).add(a_rule(), by="ana"))
        await soon(lambda: all(map(_acts, both)))


async def test_killed_connections_come_back(conninfo: Conninfo) -> None:
    async with keepers(conninfo) as both:
        with (
            _console(conninfo) as console,
            psycopg.connect(conninfo("faregate_api"), autocommit=True) as api,
        ):
            store = RuleStore(console)
            await asyncio.to_thread(lambda: store.add(a_rule(), by="ana"))
            await soon(lambda: all(map(_acts, both)))
            killed = api.execute(
                "select count(pg_terminate_backend(pid)) from pg_stat_activity"
                " where application_name = 'faregate policies' and usename = 'faregate_api'"
            ).fetchone()
            assert killed
            assert killed[0] >= 2
            assert all(map(_acts, both))  # the last known stays in force
            await asyncio.to_thread(lambda: store.set_mode("rule_a", Mode.DRAFT, by="ana"))
            await soon(lambda: not any(map(_acts, both)))


async def test_without_postgresql_the_last_known_stays(
    conninfo: Conninfo, caplog: pytest.LogCaptureFixture
) -> None:
    with _console(conninfo) as console:
        RuleStore(console).add(a_rule(), by="ana")
    keeper = PolicyKeeper(conninfo("faregate_api"))
    await keeper.feel()
    keeper._conninfo = "host=127.0.0.1 port=1 user=faregate_api dbname=faregate"
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            await keeper.feel()
    assert _acts(keeper)
    assert sum("PostgreSQL is away" in record.message for record in caplog.records) == 1


async def test_a_process_that_starts_without_postgresql_catches_up(conninfo: Conninfo) -> None:
    with _console(conninfo) as console:
        RuleStore(console).add(a_rule(), by="ana")
    keeper = PolicyKeeper("host=127.0.0.1 port=1 user=faregate_api dbname=faregate")
    await keeper.feel()
    assert not keeper.loaded
    task = asyncio.create_task(keeper.serve())
    await asyncio.sleep(0.1)
    keeper._conninfo = conninfo("faregate_api")
    await soon(lambda: _acts(keeper), within_s=2.0)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_a_rule_that_no_longer_compiles_is_left_out_and_told_once(
    conninfo: Conninfo, caplog: pytest.LogCaptureFixture
) -> None:
    with _console(conninfo) as console, caplog.at_level(logging.ERROR):
        store = RuleStore(console)
        store.add(a_rule("rule_b", "amount > 2"), by="ana")
        with psycopg.connect(conninfo("faregate_owner"), autocommit=True) as owner:
            owner.execute("update rules set expression = 'card_moods_5m > 1' where rule_id = 'rule_b'")
        keeper = PolicyKeeper(conninfo("faregate_api"))
        await keeper.feel()
        store.add(a_rule(), by="ana")
        await keeper.feel()
    assert keeper.broken == ("rule_b",)
    assert _acts(keeper)
    assert sum("rule_b is left out" in record.message for record in caplog.records) == 1


async def test_a_restored_database_is_followed_backwards(conninfo: Conninfo) -> None:
    with _console(conninfo) as console, psycopg.connect(conninfo("faregate_owner"), autocommit=True) as owner:
        RuleStore(console).add(a_rule(), by="ana")
        ListStore(console).add("block", ["card_x"], by="ana")
        keeper = PolicyKeeper(conninfo("faregate_api"))
        await keeper.feel()
        owner.execute("truncate policy_changes, rules, list_entries restart identity cascade")
        await keeper.feel()
    assert not _acts(keeper)
    assert not _blocks(keeper)
