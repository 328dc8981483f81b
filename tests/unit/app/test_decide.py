"""The approval of a payment on fakes: every rung, what is kept, and what is answered."""

import asyncio
from array import array
from collections.abc import Callable
from math import isnan

import pytest
from decision_world import World, read
from event_factories import a_history, a_payment
from factories import NOW_MS, a_pulse, a_request
from fakes import FakeListBook, FakeModel, FakePolicies, FakeRulebook, HangingModel
from fakes_journal import FakeJournal
from msgspec import structs

from app import ladder
from app.breaker import OPENS_AFTER
from app.deadline import Deadline
from app.in_flight import known_verdict
from app.ports import TransactionChanged
from app.replies import decode_reply
from app.stages import Stage
from domain.catalogue import FEATURE_NAMES
from domain.decision import Rung, Verdict
from domain.display import DAY_MS
from domain.events import PaymentDecided, event_time_ms, to_ms
from domain.fold import fold
from domain.rules import Action, ListHit, Mode, RuleHit
from domain.vector import as_attempt, observe, vector

pytestmark = pytest.mark.anyio
HIT = RuleHit(rule_id="rule_a", version=2, action=Action.REVIEW, mode=Mode.LIVE, points=None, acted=True)


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
    world.journal = FakeJournal()
    await world.decide(transaction_id="txn_a")
    with pytest.raises(TransactionChanged):
        await world.decide(transaction_id="txn_a", key="key_b", amount_minor=2)
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
    world = World(deadline=Deadline())
    answer = await world.decide(waited_s=0.034)
    assert (answer.rung, answer.rung_reason) == (Rung.R2, ladder.HISTORIES_LATE)


async def test_a_read_that_hangs_is_left_behind_in_time() -> None:
    world = World(deadline=Deadline())

    async def never(_: PaymentDecided) -> None:
        await asyncio.get_running_loop().create_future()

    world.features.read = never  # type: ignore[method-assign,assignment]
    answer = await world.decide()
    assert (answer.rung, answer.rung_reason) == (Rung.R2, ladder.HISTORIES_LATE)


async def test_with_all_time_spent_the_amount_alone_decides() -> None:
    world = World(deadline=Deadline())
    world.features.before_read = world.pass_time(0.036)
    answer = await world.decide(amount_minor=30_000)
    assert (answer.rung, answer.rung_reason) == (Rung.R3, ladder.DEADLINE_SPENT)
    assert answer.verdict is Verdict.DECLINE
    assert not answer.overran


async def test_an_overrun_is_told() -> None:
    world = World(deadline=Deadline())
    world.features.before_read = world.pass_time(0.051)
    assert (await world.decide()).overran
    assert not (await world.decide(waited_s=-0.051)).overran


async def test_a_model_that_hangs_costs_a_rung_and_not_the_deadline() -> None:
    world = World(model=HangingModel(), deadline=Deadline())
    answer = await world.decide(transaction_id="txn_a")
    assert (answer.rung, answer.rung_reason, answer.feature_age_ms) == (Rung.R2, ladder.SCORER_LATE, 500)
    assert world.ledger.decisions["txn_a"].vector is None


async def test_a_store_that_failed_many_times_is_not_waited_for() -> None:
    world, tried = World(), []
    process = world.approval()
    world.features.away = True
    world.features.before_read = lambda: tried.append(1)
    reasons = {(await world.decide(process=process)).rung_reason for _ in range(OPENS_AFTER + 4)}
    assert reasons == {ladder.HISTORIES_UNREADABLE}
    assert len(tried) == OPENS_AFTER


async def test_each_part_is_timed_in_its_order() -> None:
    world = World()
    world.features.before_read = world.pass_time(0.002)
    answer = await world.decide(waited_s=0.001)
    assert [stage for stage, _ in world.stages] == [
        Stage.FIND, Stage.READ, Stage.ASSESS, Stage.CLAIM, Stage.KEEP,
    ]  # fmt: skip
    assert dict(world.stages)[Stage.READ] == pytest.approx(0.002)
    assert answer.total_s == pytest.approx(0.003)


async def test_how_long_it_took_is_kept_and_when_it_was_decided() -> None:
    world = World()
    world.features.before_read = world.pass_time(0.007)
    await world.decide(transaction_id="txn_a", waited_s=0.002)
    kept = world.ledger.decisions["txn_a"]
    assert kept.latency_us == 9_000
    assert (kept.as_of_ms, to_ms(kept.decided_at)) == (NOW_MS, NOW_MS + 7)


async def test_the_answer_tells_which_rules_hit_and_which_failed() -> None:
    shadow = structs.replace(HIT, rule_id="rule_b", mode=Mode.SHADOW, acted=False)
    world = World(policies=FakePolicies(rulebook=FakeRulebook(HIT, shadow, failed=("rule_c",))))
    answer = await world.decide(transaction_id="txn_a")
    assert answer.rules == (("rule_a", True), ("rule_b", False))
    assert answer.failed_rules == ("rule_c",)
    kept = world.ledger.decisions["txn_a"]
    assert (kept.rules, kept.evidence.failed) == ((HIT, shadow), ("rule_c",))
    assert (kept.rulebook_version, kept.lists_version) == (7, 3)
    assert (kept.verdict, read(answer).rules) == (Verdict.REVIEW, [HIT])


async def test_the_entry_of_a_list_is_kept_and_told() -> None:
    entry = ListHit(entry_id="entry_a", list="block", field="card_id")
    world = World(policies=FakePolicies(lists=FakeListBook(entry)))
    answer = await world.decide(transaction_id="txn_a")
    assert (answer.verdict, read(answer).list_entry) == (Verdict.DECLINE, entry)
    assert world.ledger.decisions["txn_a"].evidence.list_entry == entry


async def test_the_riders_normals_are_kept_as_the_sentences_used_them() -> None:
    world = World()
    past = [a_payment(at_ms=NOW_MS - DAY_MS * n, amount_minor=1_000 * n) for n in (1, 2, 3)]
    world.features.users["usr_a"] = a_history("user", *past)
    answer = await world.decide(transaction_id="txn_a")
    assert world.ledger.decisions["txn_a"].evidence.normals["amount"] == 2_000
    assert read(answer).reasons[0].normal == 2_000


async def test_rules_see_the_features_the_probability_and_the_address() -> None:
    world, email_hash = World(model=FakeModel(0.25)), "emh_" + "a" * 52
    await world.decide(transaction_id="txn_a", amount_minor=2_500, email_hash=email_hash)
    [facts] = world.policies.rulebook.examined
    assert (facts.probability, facts.email_hash, facts.rung) == (0.25, email_hash, Rung.R0)
    assert facts.features is not None
    assert facts.features["amount"] == 2_500
    assert facts.transaction.transaction_id == "txn_a"


async def test_rules_see_no_features_where_no_model_scores() -> None:
    world = World(model=None)
    await world.decide()
    [facts] = world.policies.rulebook.examined
    assert (facts.probability, facts.features) == (None, None)
