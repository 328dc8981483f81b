"""One key, one decision: repeats, two at once, other hosts, late repeats and test tokens."""

import asyncio

import pytest
from decision_world import World, read
from factories import NOW_MS, a_caller
from fakes import FakeModel
from fakes_journal import FakeJournal

from app.deadline import Deadline
from app.decide import InFlight
from app.ports import KeyReused, LedgerUnavailable, StoredFeatures, TransactionChanged
from app.problems import RequestRefused
from app.sandbox import Forced
from domain.decision import Rung, Verdict
from domain.events import PaymentDecided, from_ms

pytestmark = pytest.mark.anyio
HOUR_MS = 3_600_000


def hold(world: World) -> asyncio.Event:
    """The ledger takes nothing until the event is set."""
    go_on = asyncio.Event()

    async def wait() -> None:
        await go_on.wait()

    world.ledger.before_insert = wait
    return go_on


async def until_it_keeps(world: World) -> None:
    """Until the first call waits for the ledger."""
    while not world.journal.entries:
        await asyncio.sleep(0)


async def test_the_same_transaction_gets_the_first_reply_byte_for_byte() -> None:
    world = World()
    first = await world.decide(transaction_id="txn_a")
    world.model = FakeModel(0.9)
    again = await world.decide(transaction_id="txn_a")
    assert again.reply == first.reply
    assert again.repeated
    assert len(world.ledger.events) == 1


async def test_another_host_gives_the_first_reply_too() -> None:
    world = World()
    first = await world.decide(transaction_id="txn_a")
    world.journal, world.model = FakeJournal(), FakeModel(0.9)
    again = await world.decide(transaction_id="txn_a")
    assert (again.reply, again.repeated) == (first.reply, True)
    assert len(world.ledger.events) == 1


async def test_the_same_transaction_under_another_key_is_a_repeat() -> None:
    world = World()
    first = await world.decide(transaction_id="txn_a")
    again = await world.decide(transaction_id="txn_a", key="key_b")
    assert (again.reply, again.repeated) == (first.reply, True)


@pytest.mark.parametrize("same_host", [True, False])
async def test_the_same_key_with_another_amount_is_refused(same_host: bool) -> None:
    world = World()
    await world.decide(transaction_id="txn_a")
    world.journal = world.journal if same_host else FakeJournal()
    with pytest.raises(KeyReused):
        await world.decide(transaction_id="txn_a", amount_minor=2)
    assert len(world.ledger.events) == 1


@pytest.mark.parametrize("same_host", [True, False])
async def test_the_same_transaction_with_another_amount_is_refused(same_host: bool) -> None:
    world = World()
    await world.decide(transaction_id="txn_a")
    world.journal = world.journal if same_host else FakeJournal()
    with pytest.raises(TransactionChanged):
        await world.decide(transaction_id="txn_a", key="key_b", amount_minor=2)


async def test_the_transaction_of_another_tenant_is_refused() -> None:
    world = World()
    await world.decide(transaction_id="txn_a")
    with pytest.raises(TransactionChanged):
        await world.decide(transaction_id="txn_a", caller=a_caller(tenant="tenant_b"))


async def test_tenants_may_use_the_same_key() -> None:
    world = World()
    first = await world.decide(key="key_a")
    second = await world.decide(key="key_a", caller=a_caller(tenant="tenant_b"))
    assert not second.repeated
    assert first.reply != second.reply


async def test_a_repeat_is_answered_while_the_ledger_is_away() -> None:
    world = World()
    first = await world.decide(transaction_id="txn_a")
    world.ledger.away = world.features.away = True
    again = await world.decide(transaction_id="txn_a")
    assert (again.reply, again.repeated) == (first.reply, True)


async def test_a_payment_is_answered_from_the_journal_while_the_ledger_is_away() -> None:
    world = World()
    world.ledger.away = True
    first = await world.decide(transaction_id="txn_a")
    assert (first.repeated, world.journal.secured) == (False, 1)
    world.ledger.away = False
    assert (await world.decide(transaction_id="txn_a")).reply == first.reply
    assert world.ledger.decisions["txn_a"].reply == first.reply


async def test_no_verdict_is_given_that_cannot_be_kept() -> None:
    world = World()
    world.ledger.away = world.journal.away = True
    with pytest.raises(LedgerUnavailable):
        await world.decide()


async def test_of_two_at_once_the_second_waits_and_gets_the_first_reply() -> None:
    world = World()
    process, go_on = world.approval(), hold(world)
    calls = [
        asyncio.create_task(world.decide(process=process, transaction_id="txn_a", waited_s=0))
        for _ in range(5)
    ]
    await until_it_keeps(world)
    go_on.set()
    answers = await asyncio.gather(*calls)
    assert len({answer.reply for answer in answers}) == 1
    assert [answer.repeated for answer in answers] == [False, True, True, True, True]
    assert len(world.flight.payments) == 1
    assert process._running == {}


async def test_of_two_at_once_with_other_bodies_the_second_is_refused() -> None:
    world = World()
    process, go_on = world.approval(), hold(world)
    first = asyncio.create_task(world.decide(process=process, transaction_id="txn_a"))
    second = asyncio.create_task(world.decide(process=process, transaction_id="txn_a", amount_minor=2))
    await until_it_keeps(world)
    go_on.set()
    assert not (await first).repeated
    with pytest.raises(KeyReused):
        await second


async def test_of_two_at_once_the_second_decides_when_the_first_fails() -> None:
    world = World()
    process = world.approval()
    world.features.before_read = fails_once = FailsOnce()
    first = asyncio.create_task(world.decide(process=process, transaction_id="txn_a"))
    second = asyncio.create_task(world.decide(process=process, transaction_id="txn_a"))
    with pytest.raises(ZeroDivisionError):
        await first
    assert not (await second).repeated
    assert fails_once.asked == 2


class FailsOnce:
    def __init__(self) -> None:
        self.asked = 0

    def __call__(self) -> None:
        self.asked += 1
        if self.asked == 1:
            raise ZeroDivisionError


async def test_a_key_still_in_flight_at_the_deadline_is_told_so() -> None:
    world = World()
    process, go_on = world.approval(), hold(world)
    first = asyncio.create_task(world.decide(process=process, transaction_id="txn_a"))
    await until_it_keeps(world)
    with pytest.raises(InFlight, match="txn_a"):
        await world.decide(process=process, transaction_id="txn_a", waited_s=world.deadline.total_s)
    go_on.set()
    assert not (await first).repeated


async def test_other_keys_do_not_wait() -> None:
    world = World()
    process, go_on = world.approval(), hold(world)
    first = asyncio.create_task(world.decide(process=process))
    await until_it_keeps(world)
    world.ledger.before_insert = None
    assert not (await world.decide(process=process)).repeated
    go_on.set()
    await first


async def test_a_caller_who_hangs_up_finds_the_decision_when_it_calls_again() -> None:
    world = World()
    process, go_on, read = world.approval(), asyncio.Event(), world.features.read

    async def slowly(attempt: PaymentDecided) -> StoredFeatures:
        await go_on.wait()
        return await read(attempt)

    world.features.read = slowly  # type: ignore[method-assign]
    first = asyncio.create_task(world.decide(process=process, transaction_id="txn_a"))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    again = asyncio.create_task(world.decide(process=process, transaction_id="txn_a"))
    go_on.set()
    assert (await again).repeated
    assert (await again).reply == world.ledger.decisions["txn_a"].reply


async def test_a_ledger_that_hangs_is_left_behind_in_time_and_takes_the_row_later() -> None:
    world = World(deadline=Deadline())
    go_on = hold(world)
    answer = await world.decide(transaction_id="txn_a")
    assert (answer.repeated, len(world.journal.entries), world.ledger.decisions) == (False, 1, {})
    go_on.set()
    while not world.ledger.decisions:
        await asyncio.sleep(0)
    assert world.ledger.decisions["txn_a"].reply == answer.reply
    assert world.journal.pending(NOW_MS + 1, 10) == []


async def test_a_payment_asked_for_yesterday_is_refused() -> None:
    world = World()
    with pytest.raises(RequestRefused, match="24 h ago"):
        await world.decide(requested_at=from_ms(NOW_MS - 25 * HOUR_MS))
    assert world.ledger.decisions == {}


async def test_a_repeat_may_come_after_a_day_at_its_own_host_and_at_another() -> None:
    world = World()
    first = await world.decide(transaction_id="txn_a")
    world.now_ms += 25 * HOUR_MS
    at_home = await world.decide(transaction_id="txn_a")
    world.journal = FakeJournal()
    elsewhere = await world.decide(transaction_id="txn_a")
    assert at_home == elsewhere
    assert (elsewhere.reply, elsewhere.repeated) == (first.reply, True)


async def test_a_late_repeat_with_another_body_is_too_old() -> None:
    world = World()
    await world.decide(transaction_id="txn_a")
    world.now_ms, world.journal = world.now_ms + 25 * HOUR_MS, FakeJournal()
    with pytest.raises(RequestRefused, match="24 h ago"):
        await world.decide(transaction_id="txn_a", amount_minor=2)


async def test_a_late_repeat_of_which_nobody_can_know_is_unavailable_and_not_refused() -> None:
    world = World()
    world.ledger.away = True
    with pytest.raises(LedgerUnavailable):
        await world.decide(requested_at=from_ms(NOW_MS - 25 * HOUR_MS))


async def test_a_payment_asked_for_in_the_future_is_refused() -> None:
    with pytest.raises(RequestRefused, match="ahead"):
        await World().decide(requested_at=from_ms(NOW_MS + HOUR_MS))


async def test_a_sandbox_decision_is_kept_and_told_to_nobody() -> None:
    world = World()
    answer = await world.decide(transaction_id="txn_a", forced=Forced(verdict=Verdict.CHALLENGE))
    kept = world.ledger.decisions["txn_a"]
    assert (answer.verdict, kept.sandbox, kept.evidence.forced) == ("challenge", True, "challenge")
    assert (world.ledger.events, world.flight.payments) == ([], {})
    assert (kept.rung, kept.features.seq) == (Rung.R0, None)


async def test_a_sandbox_decision_is_repeated_like_any() -> None:
    world, forced = World(), Forced(verdict=Verdict.REVIEW)
    first = await world.decide(transaction_id="txn_a", forced=forced)
    world.journal = FakeJournal()
    assert (await world.decide(transaction_id="txn_a", forced=forced)).reply == first.reply


@pytest.mark.parametrize(
    ("rung", "reason"),
    [(Rung.R0, None), (Rung.R1, "features_ageing"), (Rung.R2, "no_model"), (Rung.R3, "spent")],
)
async def test_a_test_rider_gets_the_rung_it_stands_for(rung: Rung, reason: str | None) -> None:
    answer = await World().decide(forced=Forced(rung=rung, rung_reason=reason))
    reply = read(answer)
    assert (reply.rung, reply.rung_reason) == (rung, reason)
    assert (reply.probability is not None) is (rung in (Rung.R0, Rung.R1))


async def test_a_live_decision_is_no_sandbox() -> None:
    world = World()
    await world.decide(transaction_id="txn_a", caller=a_caller(test=True))
    assert not world.ledger.decisions["txn_a"].sandbox
    assert len(world.ledger.events) == 1
