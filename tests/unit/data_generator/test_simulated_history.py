"""The history as a whole: repeatable, ordered, plausible, with its truth kept apart."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise

import pytest

from data_generator.history import SimulatedEvent, generate_history
from data_generator.mix import ATTACKS, AttackUnknown
from domain.decision import Outcome, Verdict
from domain.display import DAY_MS, MINUTE_MS
from domain.events import (
    AccountCreated,
    CardAdded,
    DriverContacted,
    PaymentDecided,
    PaymentOutcome,
    RideCancelled,
    RideCompleted,
    RideRequested,
    decode_event,
    encode_event,
    event_time_ms,
    to_ms,
)
from domain.topics import DECISIONS, LABELS, RIDES

END_MS = 1_790_000_000_123
History = Sequence[SimulatedEvent]
BUYERS = ("stolen_card_burst", "card_testing")
LIFE = {
    RideRequested: 1,
    DriverContacted: 2,
    PaymentDecided: 3,
    RideCompleted: 5,
    RideCancelled: 5,
}


def _bytes(seed: int) -> list[bytes]:
    return [encode_event(s.event) for s in generate_history(seed, 300, 10, 500, END_MS)]


def test_the_same_seed_tells_the_same_bytes() -> None:
    assert _bytes(5) == _bytes(5)


def test_another_seed_tells_another_history() -> None:
    assert not set(_bytes(5)) & set(_bytes(6))


def test_events_are_ordered_and_end_before_the_end(history: History) -> None:
    times = [event_time_ms(s.event) for s in history]
    assert all(earlier <= later for earlier, later in pairwise(times))
    assert times[0] >= END_MS - 30 * DAY_MS
    assert times[-1] < END_MS
    assert END_MS - times[-1] < 30 * MINUTE_MS


def test_every_event_survives_the_codec(history: History) -> None:
    for simulated in history[::37]:
        record_ms = event_time_ms(simulated.event)
        assert decode_event(encode_event(simulated.event), record_ms) == simulated.event


def test_event_ids_are_unique(history: History) -> None:
    ids = [s.event.id for s in history]
    assert len(set(ids)) == len(ids)


def test_each_event_belongs_to_its_topic(history: History) -> None:
    for simulated in history:
        match simulated.event:
            case PaymentDecided():
                assert simulated.topic == DECISIONS
            case PaymentOutcome():
                assert simulated.topic == LABELS
            case _:
                assert simulated.topic == RIDES


def test_about_as_many_payments_as_asked(payments: History) -> None:
    assert len(payments) == pytest.approx(12_000, rel=0.04)


def test_fraud_is_rare(payments: History) -> None:
    kinds = Counter(s.fraud for s in payments)
    share = 1 - kinds[None] / len(payments)
    assert 0.012 <= share < 0.02
    assert kinds.keys() == {None, *(attack.name for attack in ATTACKS)}


def test_an_attack_left_out_never_happens_and_no_other_payment_is_missing() -> None:
    counts = Counter(s.fraud for s in generate_history(5, 300, 10, 2_500, END_MS) if _is_payment(s))
    left_out = next(name for name, _ in counts.most_common() if name)
    told = generate_history(5, 300, 10, 2_500, END_MS, without=frozenset({left_out}))
    fewer = Counter(s.fraud for s in told if _is_payment(s))
    assert set(fewer) == set(counts) - {left_out}
    assert all(fewer[name] == pytest.approx(counts[name], abs=0.01 * counts[name]) for name in fewer)


def _is_payment(simulated: SimulatedEvent) -> bool:
    return isinstance(simulated.event, PaymentDecided)


def test_an_unknown_attack_cannot_be_left_out() -> None:
    with pytest.raises(AttackUnknown, match="gps_spoofing"):
        list(generate_history(7, 50, 1, 10, END_MS, without=frozenset({"gps"})))


def test_only_payments_carry_a_truth_and_no_event_shows_it(history: History) -> None:
    names = [attack.name.encode() for attack in ATTACKS]
    for simulated in history:
        assert simulated.fraud is None or isinstance(simulated.event, PaymentDecided)
        raw = encode_event(simulated.event)
        assert not any(name in raw for name in names)


def test_riders_pay_very_unequally(payments: History) -> None:
    rides = sorted(Counter(s.event.user_id for s in payments).values(), reverse=True)
    busiest_tenth = sum(rides[: len(rides) // 10])
    assert busiest_tenth > 0.3 * len(payments)


def test_accounts_are_told_of_first_and_may_be_years_old(history: History) -> None:
    created = [s.event for s in history if isinstance(s.event, AccountCreated)]
    start_ms = END_MS - 30 * DAY_MS
    old = [event for event in created if event_time_ms(event) < start_ms + MINUTE_MS]
    assert len(old) == 4_000
    assert all(to_ms(event.valid_from) < start_ms for event in old)
    assert any(to_ms(event.valid_from) < start_ms - 365 * DAY_MS for event in old)
    assert all(to_ms(event.valid_from) == event_time_ms(event) for event in created[4_000:])
    assert len(created) > 4_050


def test_nobody_pays_before_the_account_and_the_card_exist(history: History) -> None:
    known: set[str] = set()
    for simulated in history:
        event = simulated.event
        if isinstance(event, AccountCreated):
            known.add(event.user_id)
        elif isinstance(event, CardAdded):
            known.add(event.card_id)
        elif isinstance(event, PaymentDecided):
            assert event.user_id in known
            assert event.card_id in known


def test_rides_live_in_order(history: History) -> None:
    stage_of: dict[str, int] = {}
    for simulated in history:
        event = simulated.event
        ride_id = getattr(event, "ride_id", None)
        if ride_id is None:
            continue
        stage = LIFE[type(event)]
        assert stage > stage_of.get(ride_id, 0), event
        assert stage == 1 or ride_id in stage_of, event
        stage_of[ride_id] = stage


def test_a_stopped_or_refused_payment_has_no_ride(history: History) -> None:
    driven = {s.event.ride_id for s in history if isinstance(s.event, RideCompleted)}
    stopped = {
        s.event.ride_id
        for s in history
        if isinstance(s.event, PaymentDecided) and s.event.verdict is Verdict.DECLINE
    }
    assert stopped
    assert not driven & stopped


def test_the_old_rule_stops_honest_riders_too(payments: History) -> None:
    declined = [s for s in payments if s.event.verdict is Verdict.DECLINE]
    assert any(s.fraud for s in declined)
    assert any(s.fraud is None for s in declined)
    assert len(declined) < 0.03 * len(payments)


def test_outcomes_follow_their_payments(history: History) -> None:
    decided: dict[str, PaymentDecided] = {}
    outcomes: defaultdict[str, list[Outcome]] = defaultdict(list)
    for simulated in history:
        event = simulated.event
        if isinstance(event, PaymentDecided):
            decided[event.transaction_id] = event
        elif isinstance(event, PaymentOutcome):
            payment = decided[event.transaction_id]
            assert (event.user_id, event.card_id, event.amount_minor) == (
                payment.user_id,
                payment.card_id,
                payment.amount_minor,
            )
            outcomes[event.transaction_id].append(event.outcome)
    allowed = (
        [Outcome.CAPTURED],
        [Outcome.FAILED],
        [Outcome.CAPTURED, Outcome.REFUNDED],
        [Outcome.CAPTURED, Outcome.CHARGEBACK],
    )
    assert all(told in allowed for told in outcomes.values())


def test_captured_fraud_is_disputed_in_the_order_of_its_delay(history: History) -> None:
    fraud = {s.event.id for s in history if s.fraud}
    times: dict[Outcome, dict[str, int]] = {Outcome.CAPTURED: {}, Outcome.CHARGEBACK: {}}
    for simulated in history:
        event = simulated.event
        if isinstance(event, PaymentOutcome) and event.transaction_id in fraud and event.outcome in times:
            times[event.outcome][event.transaction_id] = event_time_ms(event)
    captured, disputed = times[Outcome.CAPTURED], times[Outcome.CHARGEBACK]
    assert 0 < len(disputed) < len(captured)
    assert disputed.keys() <= captured.keys()
    assert all(disputed[each] - captured[each] >= DAY_MS for each in disputed)
    early = {each for each, at_ms in captured.items() if at_ms < END_MS - 20 * DAY_MS}
    assert len(early & disputed.keys()) > 0.6 * len(early) > 0


def test_the_issuer_refuses_few_honest_and_many_stolen_cards(history: History, payments: History) -> None:
    failed = {
        s.event.transaction_id
        for s in history
        if isinstance(s.event, PaymentOutcome) and s.event.outcome is Outcome.FAILED
    }
    refused: defaultdict[str | None, list[bool]] = defaultdict(list)
    for simulated in payments:
        if simulated.event.verdict is not Verdict.DECLINE:
            refused[simulated.fraud].append(simulated.event.id in failed)
    share = {kind: sum(answers) / len(answers) for kind, answers in refused.items()}
    assert 0.01 < share[None] < 0.025
    assert 0.12 < share["stolen_card_burst"] < 0.45
    assert 0.12 < share["card_testing"] < 0.45


def test_no_forgotten_account_is_used_by_thieves_twice(payments: History) -> None:
    attacked: defaultdict[str, list[int]] = defaultdict(list)
    honest = {s.event.user_id for s in payments if s.fraud is None}
    for simulated in payments:
        if simulated.fraud in BUYERS and simulated.event.user_id not in honest:
            attacked[simulated.event.user_id].append(event_time_ms(simulated.event))
    assert all(max(times) - min(times) < 3 * 60 * MINUTE_MS for times in attacked.values())
