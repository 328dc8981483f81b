"""Who uses promotions, and that calls-off name their zone."""

from collections.abc import Sequence

from stage import many, play, world

from data_generator.fraud.stolen_card_burst import stolen_card_burst
from data_generator.history import SimulatedEvent
from data_generator.honest.newcomer import newcomer
from data_generator.honest.regular import regular
from data_generator.promotions import GREEDY_SHARE, SELDOM_SHARE, WELCOME_SHARE, promotion
from domain.events import PaymentDecided, PaymentOutcome, RideCancelled


def _share(payments: Sequence[PaymentDecided]) -> float:
    return sum(payment.promo_id is not None for payment in payments) / len(payments)


def test_the_share_asked_for_is_the_share_that_uses_one() -> None:
    for share in (SELDOM_SHARE, GREEDY_SHARE, WELCOME_SHARE):
        used = [promotion(f"txn_{number}", share) is not None for number in range(4_000)]
        assert abs(sum(used) / len(used) - share) < 0.03


def test_the_same_payment_uses_the_same_promotion() -> None:
    names = [f"txn_{number}" for number in range(200)]
    first, again = ([promotion(name, WELCOME_SHARE) for name in names] for _ in range(2))
    assert first == again


def test_newcomers_are_welcomed_on_their_first_ride() -> None:
    firsts = [story.payments[0].transaction for story in many(newcomer, 200)]
    welcomed = [first for first in firsts if first.promo_id == "promo_welcome"]
    assert 0.3 < len(welcomed) / len(firsts) < 0.6
    laters = [pay.transaction for story in many(newcomer, 200) for pay in story.payments[1:]]
    assert sum(later.promo_id is not None for later in laters) / len(laters) < 0.1


def test_a_promotion_does_not_tell_a_thief_from_a_newcomer() -> None:
    stage = world()
    bursts = [
        play(stage, lambda world, rng, _, at: stolen_card_burst(world, rng, at), number=n) for n in range(60)
    ]
    assert any(pay.transaction.promo_id == "promo_welcome" for burst in bursts for pay in burst.payments)


def test_others_use_promotions_seldom_in_history_too(payments: Sequence[SimulatedEvent]) -> None:
    decided = [simulated.event for simulated in payments if isinstance(simulated.event, PaymentDecided)]
    assert 0.01 < _share(decided) < 0.06


def test_every_ride_called_off_names_where_it_would_have_begun() -> None:
    cancelled = [event for story in many(regular, 300) for event in story.events(RideCancelled)]
    assert cancelled
    assert all(event.pickup_zone and event.pickup_zone.startswith("zone_") for event in cancelled)


def test_outcomes_of_the_past_name_device_and_zone(history: Sequence[SimulatedEvent]) -> None:
    outcomes = [simulated.event for simulated in history if isinstance(simulated.event, PaymentOutcome)]
    assert all(outcome.device_id and outcome.pickup_zone for outcome in outcomes)
