"""The fold as a whole: the same history from the same events, in any order, any number of times."""

from copy import deepcopy
from typing import get_args

import pytest
from event_factories import (
    NOW_MS,
    a_cancel,
    a_card_added,
    a_correction,
    a_driver_contact,
    a_heartbeat,
    a_history,
    a_login,
    a_payment,
    a_payment_outcome,
    a_profile_change,
    a_ride_request,
    an_account,
)
from event_strategies import events
from hypothesis import given
from hypothesis import strategies as st

from domain.decision import Outcome, Verdict
from domain.display import DAY_MS, HOUR_MS, MINUTE_MS
from domain.events import Event, event_time_ms
from domain.folded_ids import LATENESS_HORIZON_MS, MEMORY
from domain.history import (
    AMOUNT_BUCKETS,
    RIDES_CAP,
    TILES_FIELD,
    History,
    HistoryKind,
    bucket_of,
    decode_history,
    encode_history,
    fold,
    folds,
    is_late,
)
from domain.tiles import FIVE_MINUTES, HOUR, WEEK

KINDS = get_args(HistoryKind)


def folded(kind: HistoryKind, stream: list[Event]) -> bytes:
    return encode_history(a_history(kind, *stream))


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_any_order_gives_the_same_bytes(kind: HistoryKind, data: st.DataObject) -> None:
    stream = data.draw(events(kind))
    assert folded(kind, data.draw(st.permutations(stream))) == folded(kind, stream)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_repeats_within_the_horizon_change_nothing(kind: HistoryKind, data: st.DataObject) -> None:
    stream = data.draw(events(kind, span_ms=MEMORY[kind].kept_ms))
    repeats = data.draw(st.lists(st.sampled_from(stream), max_size=20))
    assert folded(kind, data.draw(st.permutations(stream + repeats))) == folded(kind, stream)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_any_order_of_events_with_places_gives_the_same_bytes(kind: HistoryKind, data: st.DataObject) -> None:
    places = st.tuples(st.sampled_from([0, 1, 1_003, 2_000]), st.integers(0, 10**6))
    stream = [(event, data.draw(places)) for event in data.draw(events(kind, most=12))]
    orders = (stream, data.draw(st.permutations(stream)))
    assert placed(kind, orders[0]) == placed(kind, orders[1])


def placed(kind: HistoryKind, stream: list[tuple[Event, tuple[int, int]]]) -> History:
    history = None
    for event, position in stream:
        history = fold(kind, history, event, event_time_ms(event), position)
    assert history is not None, "a history has at least one event"
    return history


def test_a_history_tells_the_newest_place_of_each_partition() -> None:
    stream: list[tuple[Event, tuple[int, int]]] = [
        (a_payment(), (1_002, 8)),
        (a_card_added(), (3, 40)),
        (a_payment(), (1_002, 5)),
    ]
    assert placed("card", stream).positions == [3, 40, 1_002, 8]


def test_a_repeat_at_a_later_place_moves_nothing_on() -> None:
    payment = a_payment()
    history = fold("card", None, payment, NOW_MS, (1_000, 5))
    assert fold("card", history, payment, NOW_MS, (1_000, 9)) is history
    assert history.positions == [1_000, 5]


def test_a_payment_that_stands_nowhere_yet_moves_no_place() -> None:
    history = fold("card", None, a_payment(), NOW_MS, (1_000, 5))
    assert fold("card", history, a_payment(), NOW_MS).positions == [1_000, 5]


def test_a_history_bears_the_epoch_it_began_in() -> None:
    history = fold("card", None, a_payment(), NOW_MS, epoch=4)
    assert (history.epoch, history.version) == (4, 1)
    assert fold("card", history, a_payment(), NOW_MS).epoch == 4
    assert fold("card", None, a_payment(), NOW_MS).epoch == 1


@given(stream=events("user"))
def test_the_history_before_is_left_as_it_was(stream: list[Event]) -> None:
    history = None
    for event in stream:
        before = deepcopy(history)
        after = fold("user", history, event, NOW_MS)
        assert history == before
        history = after


@given(stream=events("user"))
def test_bytes_hold_the_whole_history(stream: list[Event]) -> None:
    history = a_history("user", *stream)
    assert decode_history(encode_history(history)) == history


def test_a_repeat_gives_back_the_very_same_object() -> None:
    payment = a_payment()
    history = a_history("card", payment)
    assert fold("card", history, payment, NOW_MS + DAY_MS) is history


def test_an_event_that_counts_nothing_prunes_what_left_the_windows_all_the_same() -> None:
    payment = a_payment(at_ms=NOW_MS)
    change = a_profile_change(at_ms=NOW_MS + 20 * MINUTE_MS)
    assert folded("user", [payment, change]) == folded("user", [change, payment])
    assert a_history("user", payment, change).tiles_5m == []


@pytest.mark.parametrize("kind", KINDS)
def test_an_event_whose_id_was_pruned_is_folded_again(kind: HistoryKind) -> None:
    memory = MEMORY[kind]
    old = a_payment(at_ms=NOW_MS // memory.slot_ms * memory.slot_ms - 1)
    new = a_payment(at_ms=event_time_ms(old) + memory.kept_ms + 1)
    history = a_history(kind, old, new, old)
    assert history.version == 3
    assert history.lifetime_payments == 3


@pytest.mark.parametrize("kind", KINDS)
def test_an_id_is_kept_to_the_last_millisecond(kind: HistoryKind) -> None:
    old, new = a_payment(at_ms=NOW_MS), a_payment(at_ms=NOW_MS + MEMORY[kind].kept_ms)
    assert a_history(kind, old, new, old).version == 2


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_remembers_beyond_the_horizon_of_lateness(kind: HistoryKind) -> None:
    assert MEMORY[kind].kept_ms >= 2 * LATENESS_HORIZON_MS


def test_version_counts_events_and_known_at_is_the_newest_record_time() -> None:
    history = fold("card", None, a_payment(), NOW_MS + 5)
    history = fold("card", history, a_payment(), NOW_MS + 2)
    assert (history.epoch, history.version, history.known_at_ms) == (1, 2, NOW_MS + 5)


@pytest.mark.parametrize(
    ("behind_ms", "late"), [(0, False), (LATENESS_HORIZON_MS, False), (HOUR_MS + 1, True)]
)
def test_late_is_later_than_an_hour(behind_ms: int, late: bool) -> None:
    assert is_late(a_payment(at_ms=NOW_MS), NOW_MS + behind_ms) is late


def test_events_without_a_place_in_histories() -> None:
    assert folds(a_payment())
    assert not folds(a_heartbeat())
    assert not folds(a_driver_contact())


MET = {
    "card": {"user": "usr_a", "device": "dev_a", "zone": "zone_a", "driver": "drv_a"},
    "user": {"card": "card_a", "device": "dev_a", "zone": "zone_a", "driver": "drv_a"},
    "device": {"user": "usr_a", "card": "card_a"},
    "zone": {},
}


@pytest.mark.parametrize("kind", KINDS)
def test_whom_a_payment_makes_its_owner_meet(kind: HistoryKind) -> None:
    history = a_history(kind, a_payment())
    for other in ("user", "card", "device", "zone", "driver"):
        met = MET[kind].get(other)
        assert getattr(history, f"{other}_ids") == ([met] if met else [])
        assert getattr(history, f"{other}_seen_ms") == ([NOW_MS] if met else [])


@pytest.mark.parametrize("kind", KINDS)
def test_only_a_rider_keeps_newest_payments_and_usual_amounts(kind: HistoryKind) -> None:
    history = a_history(kind, a_payment(amount_minor=1_850))
    assert (history.lifetime_payments, history.lifetime_amount_minor) == (1, 1_850)
    if kind == "user":
        assert (history.recent_at_ms, history.recent_lat_e6) == ([NOW_MS], [40_710_000])
        assert (history.recent_lon_e6, history.recent_drivers) == ([-74_000_000], ["drv_a"])
        assert history.amount_buckets.index(1) == bucket_of(1_850) == 10  # 1,024 to 2,047
    else:
        assert (history.recent_at_ms, history.amount_buckets) == ([], [])


@pytest.mark.parametrize(
    ("verdict", "let_through"),
    [(Verdict.APPROVE, 1), (Verdict.REVIEW, 1), (Verdict.CHALLENGE, 1), (Verdict.DECLINE, 0)],
)
def test_a_declined_payment_is_no_part_of_the_usual(verdict: Verdict, let_through: int) -> None:
    history = a_history("user", a_payment(verdict=verdict))
    assert history.lifetime_payments == let_through
    assert history.lifetime_declines == 1 - let_through
    assert sum(history.amount_buckets) == let_through


def test_the_largest_amounts_share_the_last_bucket() -> None:
    history = a_history("user", a_payment(amount_minor=10**12), a_payment(amount_minor=2**23))
    assert history.amount_buckets[-1] == 2
    assert len(history.amount_buckets) == AMOUNT_BUCKETS


@pytest.mark.parametrize(
    ("outcome", "failures", "chargebacks"),
    [(Outcome.FAILED, 1, 0), (Outcome.CHARGEBACK, 0, 1), (Outcome.CAPTURED, 0, 0), (Outcome.REFUNDED, 0, 0)],
)
def test_what_an_outcome_leaves(outcome: Outcome, failures: int, chargebacks: int) -> None:
    history = a_history("card", a_payment_outcome(outcome=outcome))
    assert (history.lifetime_failures, history.lifetime_chargebacks) == (failures, chargebacks)


def test_cards_logins_and_contact_changes_leave_their_times() -> None:
    history = a_history(
        "user",
        a_card_added(at_ms=NOW_MS - 2),
        a_card_added(at_ms=NOW_MS - 9),
        a_login(at_ms=NOW_MS - 5, new_device=True),
        a_login(at_ms=NOW_MS - 1),
        a_profile_change(at_ms=NOW_MS - 4, contact_changed=True),
        a_profile_change(at_ms=NOW_MS - 3),
    )
    assert history.card_first_added_ms == 0
    assert history.new_device_login_ms == NOW_MS - 5
    assert history.contact_changed_ms == NOW_MS - 4
    assert (history.first_seen_ms, history.last_seen_ms) == (NOW_MS - 9, NOW_MS - 1)


def test_a_card_keeps_when_it_was_first_added() -> None:
    history = a_history("card", a_card_added(at_ms=NOW_MS - 2), a_card_added(at_ms=NOW_MS - 9))
    assert history.card_first_added_ms == NOW_MS - 9


def test_a_correction_counts_its_difference_where_the_payment_was_counted() -> None:
    paid_at_ms = NOW_MS - 3 * DAY_MS
    payment = a_payment(at_ms=paid_at_ms, amount_minor=1_850)
    correction = a_correction(at_ms=NOW_MS, paid_at_ms=paid_at_ms, before_minor=1_850, after_minor=2_100)
    history = a_history("card", payment, correction)
    assert history.tiles_24h == []
    assert history.tiles_7d == [paid_at_ms // (8 * HOUR_MS), 1, 2_100, 0, 0]
    assert history.tiles_30d == [paid_at_ms // DAY_MS, 1, 2_100, 0, 0]
    assert (history.lifetime_payments, history.lifetime_amount_minor) == (1, 2_100)


@pytest.mark.parametrize("kind", ["card", "user", "device"])
def test_a_corrected_payment_is_one_that_had_the_right_amount(kind: HistoryKind) -> None:
    wrong, right = (a_payment(id="txn_a", amount_minor=amount) for amount in (900, 4_200))
    correction = a_correction(before_minor=900, after_minor=4_200)
    for stream in ([wrong, correction], [correction, wrong]):
        corrected, plain = a_history(kind, *stream), a_history(kind, right)
        assert corrected.tiles_5m == plain.tiles_5m
        assert corrected.lifetime_amount_minor == plain.lifetime_amount_minor
        assert corrected.amount_buckets == plain.amount_buckets


def test_the_newest_rides_are_kept_with_their_estimates_whatever_their_order() -> None:
    rides = [a_ride_request(at_ms=NOW_MS + i, ride_id=f"ride_{i}", estimate_minor=i + 1) for i in range(12)]
    for stream in (rides, rides[::-1]):
        history = a_history("user", *stream)
        assert history.ride_ids == [f"ride_{i}" for i in range(12 - RIDES_CAP, 12)]
        assert history.ride_estimates_minor == list(range(13 - RIDES_CAP, 13))
        assert history.ride_at_ms == [NOW_MS + i for i in range(12 - RIDES_CAP, 12)]


def test_a_zone_counts_rides_asked_for_but_keeps_none() -> None:
    history = a_history("zone", a_ride_request(), a_cancel())
    assert history.ride_ids == []
    assert history.tiles_1h == [NOW_MS // (3 * MINUTE_MS), 0, 0, 0, 1, 1]


def test_a_zone_keeps_the_tiles_of_its_own_windows_only() -> None:
    history = a_history("zone", a_payment())
    kept = [window for window, field in TILES_FIELD.items() if getattr(history, field)]
    assert kept == [FIVE_MINUTES, HOUR, WEEK]


def test_a_device_counts_the_accounts_made_on_it() -> None:
    history = a_history("device", an_account(), an_account(user_id="usr_b"))
    assert history.tiles_30d == [NOW_MS // DAY_MS, 0, 0, 0, 2]


def test_a_rider_counts_promotions() -> None:
    history = a_history("user", a_payment(promo_id="promo_a"), a_payment())
    assert history.tiles_30d == [NOW_MS // DAY_MS, 2, 3_700, 0, 0, 0, 0, 0, 1]
