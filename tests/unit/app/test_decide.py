"""The approval of a payment on fakes: every rung, what is kept, and what is answered."""

from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from math import isnan
from typing import Any

import pytest
from event_factories import a_history, a_payment
from factories import NOW_MS, a_pulse, a_request, stored
from fakes import FakeFeatureReader, FakeFlight, FakeLedger, FakeModel

from app import ladder
from app.decide import Answer, Approval, Deadline
from app.in_flight import known_verdict
from app.letters import in_letters
from app.ports import KnownPulse, LedgerUnavailable, TransactionChanged
from app.replies import decode_reply
from domain.catalogue import FEATURE_NAMES
from domain.decision import Rung, Verdict
from domain.display import DAY_MS
from domain.events import PaymentDecided, event_time_ms
from domain.fold import fold
from domain.profile import Profile
from domain.vector import as_attempt, observe, vector

pytestmark = pytest.mark.anyio


@dataclass(kw_only=True)
class World:
    """An approval with everything around it, on a clock that moves when told to."""

    flight: FakeFlight = field(default_factory=FakeFlight)
    features: FakeFeatureReader = field(init=False)
    ledger: FakeLedger = field(init=False)
    pulse: KnownPulse | None = None
    model: FakeModel | None = field(default_factory=FakeModel)
    deadline: Deadline = field(default_factory=Deadline)
    clock_s: float = 100.0

    def __post_init__(self) -> None:
        self.features, self.ledger = FakeFeatureReader(self.flight), FakeLedger(self.flight)
        known = stored()
        for kind, owner, by_id in (
            ("card", "card_a", self.features.cards),
            ("user", "usr_a", self.features.users),
            ("device", "dev_a", self.features.devices),
            ("zone", "zone_a", self.features.zone_histories),
        ):
            by_id[owner] = getattr(known, kind)
        self.features.profiles["usr_a"] = Profile(version=4, home_zone="zone_a", rating_centi=480)
        self.features.low_watermark_ms = known.low_watermark_ms

    def pass_time(self, seconds: float) -> Callable[[], None]:
        def passes() -> None:
            self.clock_s += seconds

        return passes

    async def decide(self, *, waited_s: float = 0.0, **given: Any) -> Answer:
        approval = Approval(
            features=self.features,
            pulse=lambda: self.pulse,
            ledger=self.ledger,
            model=self.model,
            deadline=self.deadline,
            now_ms=lambda: NOW_MS,
            monotonic=lambda: self.clock_s,
        )
        return await approval.decide(a_request(**given), self.clock_s - waited_s)


async def test_the_full_model_on_fresh_histories() -> None:
    world = World()
    answer = await world.decide(transaction_id="txn_a")
    reply = decode_reply(answer.reply)
    assert (reply.transaction_id, reply.rung, reply.rung_reason, reply.feature_age_ms) == (
        "txn_a",
        "R0",
        None,
        500,
    )
    assert (reply.verdict, reply.probability, reply.versions.model) == (Verdict.APPROVE, 0.01, "mdl_fake")
    assert len(reply.reasons) == 3
    assert not answer.repeated


async def test_all_that_a_replay_needs_is_kept() -> None:
    world = World(pulse=a_pulse())
    answer = await world.decide(transaction_id="txn_a")
    kept = world.ledger.decisions["txn_a"]
    assert kept.reply == answer.reply
    assert kept.pulse == world.pulse
    moment = observe(
        card=kept.features.card,
        user=kept.features.user,
        device=kept.features.device,
        zone=kept.features.zone,
        profile=kept.features.profile,
        pulse=kept.pulse and kept.pulse.pulse,
        transaction=kept.transaction,
        as_of_ms=kept.as_of_ms,
    )
    assert kept.vector == vector(moment).tobytes()
    assert array("f", kept.vector)[0] == 1_850
    assert (kept.model_version, kept.scorer_kind) == ("mdl_fake", "compiled")


async def test_the_event_tells_the_stream_what_was_decided_and_when() -> None:
    world = World(model=FakeModel(0.9))
    await world.decide(transaction_id="txn_a", card_id="card_a")
    [event] = world.ledger.events
    assert isinstance(event, PaymentDecided)
    assert (event.id, event.transaction_id, event.card_id) == ("txn_a", "txn_a", "card_a")
    assert (event.verdict, event.rung, event_time_ms(event)) == (Verdict.DECLINE, Rung.R0, NOW_MS)


def features_of(world: World, transaction_id: str) -> dict[str, float]:
    kept = world.ledger.decisions[transaction_id]
    assert kept.vector
    return dict(zip(FEATURE_NAMES, array("f", kept.vector), strict=True))


async def test_a_payment_in_flight_counts_for_its_card_its_rider_and_its_device() -> None:
    world = World()
    await world.decide(transaction_id="txn_a", user_id="usr_other", device_id="dev_other")
    await world.decide(transaction_id="txn_b", card_id="card_other", device_id="dev_third")
    await world.decide(transaction_id="txn_c")
    third = features_of(world, "txn_c")
    assert (third["card_payments_5m"], third["user_payments_5m"], third["device_payments_1h"]) == (2, 2, 1)
    assert third["card_users_30d"] == 2
    overlaid = world.ledger.decisions["txn_c"].features.in_flight
    assert [payment.id for payment in overlaid] == ["txn_a", "txn_b"]


async def test_a_payment_that_the_stream_has_told_by_now_is_counted_once() -> None:
    world = World()
    await world.decide(transaction_id="txn_a")
    [told] = world.ledger.events
    assert isinstance(told, PaymentDecided)
    known = world.features.cards["card_a"]
    world.features.cards["card_a"] = fold("card", known, told, NOW_MS, (1000, 5))
    await world.decide(transaction_id="txn_b")
    second = features_of(world, "txn_b")
    assert (second["card_payments_5m"], second["user_payments_5m"]) == (2, 2)
    assert [payment.id for payment in world.ledger.decisions["txn_b"].features.in_flight] == ["txn_a"]


async def test_a_verdict_in_flight_is_known_once_it_is_given() -> None:
    world = World(model=FakeModel(0.9))
    waiting = as_attempt(a_request(transaction_id="txn_waiting").transaction(), NOW_MS)
    world.flight.arrive(waiting)
    await world.decide(transaction_id="txn_declined")
    await world.decide(transaction_id="txn_c")
    overlaid = world.ledger.decisions["txn_c"].features.in_flight
    assert [known_verdict(payment) for payment in overlaid] == [None, Verdict.DECLINE]
    third = features_of(world, "txn_c")
    assert (third["card_payments_5m"], third["card_declines_5m"]) == (3, 1)


async def test_a_repeat_leaves_no_second_payment_in_flight() -> None:
    world = World()
    await world.decide(transaction_id="txn_a")
    await world.decide(transaction_id="txn_a")
    with pytest.raises(TransactionChanged):
        await world.decide(transaction_id="txn_a", amount_minor=2)
    assert [payment.id for payment in world.flight.payments.values()] == ["txn_a"]


async def test_zone_and_platform_are_felt() -> None:
    quiet = [a_payment(at_ms=NOW_MS - DAY_MS - n) for n in range(30)]
    declined = [a_payment(verdict=Verdict.DECLINE, at_ms=NOW_MS - 1000 * n) for n in range(30)]
    storm = a_history("zone", *quiet, *declined)
    world = World(pulse=a_pulse(zone_a=storm))
    world.features.zone_histories["zone_a"] = storm
    await world.decide(transaction_id="txn_a")
    rises = features_of(world, "txn_a")
    assert rises["zone_payments_5m"] == 30
    assert rises["platform_decline_rise"] == rises["zone_decline_rise"] > 1.5
    world.pulse = None
    await world.decide(transaction_id="txn_b")
    assert isnan(features_of(world, "txn_b")["platform_decline_rise"])


async def test_without_a_model_no_pulse_is_named() -> None:
    world = World(pulse=a_pulse(), model=None)
    await world.decide(transaction_id="txn_a")
    assert world.ledger.decisions["txn_a"].pulse is None


async def test_a_promotion_is_told_to_model_and_stream() -> None:
    world = World()
    await world.decide(transaction_id="txn_a", promo_id="promo_first")
    assert features_of(world, "txn_a")["promo_used"] == 1
    [event] = world.ledger.events
    assert isinstance(event, PaymentDecided)
    assert event.promo_id == "promo_first"


async def test_entities_never_met_are_decided_by_the_model_too() -> None:
    world = World()
    answer = await world.decide(card_id="card_new", user_id="usr_new", transaction_id="txn_a")
    assert answer.rung is Rung.R0
    assert world.ledger.decisions["txn_a"].features.card is None


@pytest.mark.parametrize(
    ("change", "rung", "reason"),
    [
        (lambda w: setattr(w.features, "low_watermark_ms", NOW_MS - 9_000), "R1", ladder.FEATURES_AGEING),
        (lambda w: setattr(w.features, "low_watermark_ms", NOW_MS - 90_000), "R2", ladder.FEATURES_STALE),
        (lambda w: setattr(w.features, "low_watermark_ms", None), "R2", ladder.NO_WATERMARK),
        (lambda w: setattr(w.features, "away", True), "R2", ladder.HISTORIES_UNREADABLE),
        (lambda w: setattr(w, "model", None), "R2", ladder.NO_MODEL),
        (lambda w: setattr(w.model, "broken", True), "R2", ladder.SCORER_FAILED),
    ],
)
async def test_each_rung_says_why(change: Callable[[World], None], rung: str, reason: str) -> None:
    world = World()
    change(world)
    answer = await world.decide(transaction_id="txn_a")
    reply = decode_reply(answer.reply)
    assert (reply.rung, reply.rung_reason) == (rung, reason)
    kept = world.ledger.decisions["txn_a"]
    by_model = rung == "R1"
    assert (kept.vector is not None, reply.versions.model is not None) == (by_model, by_model)
    assert (reply.probability is None) is not by_model


async def test_without_time_to_read_the_request_alone_decides() -> None:
    world = World()
    answer = await world.decide(waited_s=0.034)
    assert (answer.rung, answer.rung_reason) == (Rung.R2, ladder.HISTORIES_LATE)


async def test_a_read_that_hangs_is_left_behind_in_time() -> None:
    world = World(deadline=Deadline(total_s=0.05))
    hanging = world.features

    async def never(_: PaymentDecided) -> None:
        import asyncio

        await asyncio.get_running_loop().create_future()

    hanging.read = never  # type: ignore[method-assign,assignment]
    answer = await world.decide()
    assert (answer.rung, answer.rung_reason) == (Rung.R2, ladder.HISTORIES_LATE)


async def test_with_all_time_spent_the_amount_alone_decides() -> None:
    world = World()
    world.features.before_read = world.pass_time(0.036)
    answer = await world.decide(amount_minor=30_000)
    assert (answer.rung, answer.rung_reason) == (Rung.R3, ladder.DEADLINE_SPENT)
    assert answer.verdict is Verdict.DECLINE
    assert not answer.overran


async def test_an_overrun_is_told() -> None:
    world = World()
    world.features.before_read = world.pass_time(0.051)
    assert (await world.decide()).overran


async def test_the_same_transaction_gets_the_first_reply_byte_for_byte() -> None:
    world = World()
    first = await world.decide(transaction_id="txn_a")
    world.model = FakeModel(0.9)
    again = await world.decide(transaction_id="txn_a")
    assert again.reply == first.reply
    assert again.repeated
    assert len(world.ledger.events) == 1


async def test_the_same_transaction_with_another_amount_is_refused() -> None:
    world = World()
    await world.decide(transaction_id="txn_a")
    with pytest.raises(TransactionChanged):
        await world.decide(transaction_id="txn_a", amount_minor=2)


async def test_no_verdict_is_given_that_cannot_be_kept() -> None:
    world = World()
    world.ledger.away = True
    with pytest.raises(LedgerUnavailable):
        await world.decide()


async def test_ids_of_decisions_rise_with_time_and_hold_no_digits() -> None:
    world = World()
    answer = await world.decide()
    decision_id = decode_reply(answer.reply).decision_id
    assert not any(character.isdigit() for character in decision_id)
    assert in_letters("0af") < in_letters("0b0") < in_letters("100")


def test_the_deadline_is_shared_out() -> None:
    deadline = Deadline(total_s=0.05, write_s=0.015, assess_s=0.002)
    assert deadline.read_s(0.010) == pytest.approx(0.023)
    assert deadline.leaves_time_to_assess(0.0349)
    assert not deadline.leaves_time_to_assess(0.035)
