"""Payments that the stream has not told yet, laid over the histories it has."""

from typing import Any

import pytest
from event_factories import NOW_MS, a_card_added, a_history, a_login, a_payment, a_transaction
from event_strategies import events
from hypothesis import given
from hypothesis import strategies as st
from moments import features, known_of, moment_of
from msgspec import structs

from domain.catalogue import FEATURES
from domain.decision import Verdict
from domain.display import HOUR_MS, MINUTE_MS, SECOND_MS
from domain.events import Event, PaymentDecided
from domain.vector import as_attempt, observe, vector

OTHERS: dict[str, Any] = {"card_id": "card_z", "user_id": "usr_z", "device_id": "dev_z"}
PAYMENTS = {"card": "card_payments_1h", "user": "user_payments_1h", "device": "device_payments_1h"}
PAST = (a_card_added(at_ms=NOW_MS - 2 * HOUR_MS), a_payment(at_ms=NOW_MS - 10 * MINUTE_MS))


def in_flight(*, ago_ms: int = 30 * SECOND_MS, **given: Any) -> PaymentDecided:
    return a_payment(at_ms=NOW_MS - ago_ms, **given)


def test_a_payment_in_flight_counts_in_velocity_and_in_what_was_before() -> None:
    moment = moment_of(*PAST, in_flight=[in_flight(amount_minor=700)])
    found = features(moment)
    assert {found[name] for name in PAYMENTS.values()} == {3}
    assert found["card_amount_1h"] == 1_850 + 700 + 1_850
    assert found["card_since_last_payment"] == 30
    assert found["user_driver_repeats"] == 2
    assert moment.before("user").lifetime_payments == 2
    assert moment.history("user").lifetime_payments == 3


def test_a_declined_payment_in_flight_is_a_decline() -> None:
    waiting = in_flight(ago_ms=MINUTE_MS, decision_id="undecided")
    declined = structs.replace(waiting, decision_id="dec_z", verdict=Verdict.DECLINE)
    for payment, declines in ((waiting, 0), (declined, 1)):
        found = features(moment_of(*PAST, in_flight=[payment]))
        assert found["card_declines_5m"] == found["user_declines_1h"] == declines


def test_payments_that_the_stream_told_change_nothing() -> None:
    told = in_flight(verdict=Verdict.DECLINE)
    known = known_of([*PAST, told])
    plain = observe(**known, transaction=(transaction := a_transaction()), as_of_ms=NOW_MS)
    overlaid = observe(**known, transaction=transaction, as_of_ms=NOW_MS, in_flight=[told, told])
    assert vector(overlaid).tobytes() == vector(plain).tobytes()
    for kind in PAYMENTS:
        assert getattr(overlaid, f"{kind}_before") is known[kind]


@pytest.mark.parametrize("kind", PAYMENTS)
def test_only_the_entity_that_is_the_same_counts_it(kind: str) -> None:
    elsewhere = {field: other for field, other in OTHERS.items() if field != f"{kind}_id"}
    alone, found = (features(moment_of(*PAST, in_flight=them)) for them in ([], [in_flight(**elsewhere)]))
    for owner, name in PAYMENTS.items():
        assert found[name] - alone[name] == (owner == kind)


def test_a_payment_of_nobody_here_changes_nothing() -> None:
    known = known_of(PAST)
    moment = observe(**known, transaction=a_transaction(), as_of_ms=NOW_MS, in_flight=[in_flight(**OTHERS)])
    assert all(getattr(moment, f"{kind}_before") is known[kind] for kind in PAYMENTS)


def test_zone_and_platform_count_what_the_stream_told_only() -> None:
    known = known_of(PAST)
    moment = observe(**known, transaction=a_transaction(), as_of_ms=NOW_MS, in_flight=[in_flight()])
    assert moment.zone is known["zone"]
    assert moment.pulse is known["pulse"]


@pytest.mark.parametrize("kind", PAYMENTS)
def test_an_entity_known_by_a_payment_in_flight_is_known(kind: str) -> None:
    moment = moment_of(in_flight=[in_flight(**{f: o for f, o in OTHERS.items() if f != f"{kind}_id"})])
    found = features(moment)
    assert {owner for owner, name in PAYMENTS.items() if found[name] == found[name]} == {kind}
    assert found[PAYMENTS[kind]] == 2


def test_a_new_card_on_a_known_phone_is_not_new_the_second_time() -> None:
    first = in_flight(card_id="card_n")
    found = features(moment_of(*PAST, in_flight=[first], card_id="card_n"))
    assert found["user_card_is_new"] == 0
    assert found["card_payments_5m"] == 2
    assert found["device_cards_5m"] == 1


def test_a_transaction_tried_again_counts_once() -> None:
    transaction = a_transaction()
    first = as_attempt(transaction, NOW_MS - 300)
    known = known_of(PAST)
    moment = observe(**known, transaction=transaction, as_of_ms=NOW_MS, in_flight=[first])
    assert {features(moment)[name] for name in PAYMENTS.values()} == {2}
    assert moment.card_before is known["card"]


def test_a_payment_before_and_after_its_verdict_is_one() -> None:
    waiting = in_flight()
    decided = structs.replace(waiting, decision_id="dec_z", verdict=Verdict.REVIEW)
    found = features(moment_of(*PAST, in_flight=[waiting, decided]))
    assert {found[name] for name in PAYMENTS.values()} == {3}


def test_what_is_in_flight_is_not_known_to_the_stream() -> None:
    known = known_of(PAST)
    moment = observe(**known, transaction=a_transaction(), as_of_ms=NOW_MS, in_flight=[in_flight()])
    for kind in PAYMENTS:
        before = moment.before(kind)  # type: ignore[arg-type]
        assert before.known_at_ms == known[kind].known_at_ms
        assert before.positions == known[kind].positions


@given(past=events("user", most=12), data=st.data())
def test_a_payment_counts_the_same_in_flight_and_told(past: list[Event], data: st.DataObject) -> None:
    """Zone and platform wait for the stream, the rest must not tell the difference."""
    payments = [event for event in past if isinstance(event, PaymentDecided)]
    overlaid = data.draw(st.lists(st.sampled_from(payments), unique_by=id) if payments else st.just([]))
    told = [event for event in past if event not in overlaid]
    transaction = a_transaction()
    now, then = (
        features(observe(**known_of(stream), transaction=transaction, as_of_ms=NOW_MS, in_flight=flying))
        for stream, flying in ((past, []), (told, data.draw(st.permutations(overlaid))))
    )
    own = [f.name for f in FEATURES if f.entity not in ("zone", "platform", "ring")]
    assert [then[name] for name in own] == pytest.approx([now[name] for name in own], rel=0, nan_ok=True)


def test_observing_leaves_the_histories_alone() -> None:
    history = a_history("card", a_login(at_ms=NOW_MS - MINUTE_MS))
    moment = observe(card=history, transaction=a_transaction(), as_of_ms=NOW_MS, in_flight=[in_flight()])
    assert (history.version, moment.before("card").version, moment.history("card").version) == (1, 2, 3)
