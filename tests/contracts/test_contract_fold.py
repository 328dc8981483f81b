"""docs/feature-contract.md: the fold."""

from itertools import permutations
from math import isnan
from random import Random

import pytest
from event_factories import (
    NOW_MS,
    a_cancel,
    a_card_added,
    a_correction,
    a_history,
    a_login,
    a_payment,
    a_payment_outcome,
    a_profile_change,
    a_ride_request,
    an_account,
    letters,
)
from feature_values import values

from domain.decision import Outcome, Verdict
from domain.events import AccountCreated, Event, ProfileChanged, from_ms
from domain.fold import fold
from domain.history import STATE_LIMIT_BYTES, HistoryKind, bucket_of, encode_history
from domain.profile import Profile, fold_profile
from domain.tiles import DAY, FIVE_MINUTES, HOUR, LAYOUTS, MONTH, WEEK, total

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
HOLDS_A_DAY: tuple[HistoryKind, ...] = ("card", "user", "device")


def _mixed() -> list[Event]:
    return [
        a_payment(at_ms=NOW_MS - DAY_MS, verdict=Verdict.DECLINE),
        a_payment(at_ms=NOW_MS, promo_id="promo_a"),
        a_correction(at_ms=NOW_MS, paid_at_ms=NOW_MS - DAY_MS),
        a_payment_outcome(at_ms=NOW_MS - HOUR_MS, outcome=Outcome.FAILED),
        a_card_added(at_ms=NOW_MS - 2 * HOUR_MS),
    ]


def _sum(kind: str, rows: list[int], window_ms: int, name: str, at_ms: int = NOW_MS) -> int:
    return total(rows, LAYOUTS[kind], window_ms, at_ms, name)


@pytest.mark.parametrize("kind", HOLDS_A_DAY)
def test_rule_order_does_not_matter(kind: HistoryKind) -> None:
    events = _mixed()
    told = {encode_history(a_history(kind, *order)) for order in permutations(events)}
    assert len(told) == 1
    assert a_history(kind, *events).version == len(events)


@pytest.mark.parametrize(
    ("kind", "kept_ms", "slot_ms"),
    [*((kind, 25 * HOUR_MS, HOUR_MS) for kind in HOLDS_A_DAY), ("zone", 2 * HOUR_MS, 5 * MINUTE_MS)],
)
def test_rule_repeats_change_nothing(kind: HistoryKind, kept_ms: int, slot_ms: int) -> None:
    newest_ms = NOW_MS - NOW_MS % slot_ms
    kept = a_payment(at_ms=newest_ms - kept_ms)
    forgotten = a_payment(at_ms=newest_ms - kept_ms - 1)
    history = a_history(kind, kept, forgotten, a_payment(at_ms=newest_ms))
    assert fold(kind, history, kept, NOW_MS + 1, (1000, 99)) is history
    assert fold(kind, history, forgotten, NOW_MS).version == history.version + 1


@pytest.mark.parametrize(("kind", "cap"), [*((kind, 128) for kind in HOLDS_A_DAY), ("zone", 64)])
def test_rule_past_the_cap_is_saturated(kind: HistoryKind, cap: int) -> None:
    history = a_history(kind, *(a_payment() for _ in range(cap)))
    assert not history.saturated
    history = fold(kind, history, a_payment(), NOW_MS)
    assert history.saturated
    assert fold(kind, history, a_payment(at_ms=NOW_MS + 40 * DAY_MS), NOW_MS).saturated


@pytest.mark.parametrize(("letter", "limit"), [("x", 64_000), ("\N{GRINNING FACE}", STATE_LIMIT_BYTES)])
def test_rule_state_is_bounded(letter: str, limit: int) -> None:
    """Ids of the greatest length, every set full, every slot and every tile in use."""
    choices, history = Random(4), None
    long = letter * 74
    for number in range(12_000):
        spread_ms = choices.choice([5 * MINUTE_MS, HOUR_MS, DAY_MS, DAY_MS, DAY_MS, 30 * DAY_MS])
        names = {
            field: f"{long}{choices.randrange(10**6):06}"
            for field in ("card_id", "device_id", "pickup_zone", "driver_id", "ride_id")
        }
        build = choices.choice([a_payment, a_payment, a_ride_request])
        if build is a_ride_request:
            names = {field: names[field] for field in ("ride_id", "pickup_zone", "device_id")}
        event = build(at_ms=NOW_MS - choices.randrange(spread_ms), id=f"{long}{number:06}", **names)
        history = fold("user", history, event, NOW_MS, (number % 10, number))
    assert history is not None
    assert STATE_LIMIT_BYTES == 120_000
    assert len(encode_history(history)) < limit


def test_rule_versions_count_events() -> None:
    history = None
    for number, (at_ms, known_at_ms) in enumerate([(NOW_MS, NOW_MS + 9), (NOW_MS - 7, NOW_MS + 3)], start=1):
        history = fold("card", history, a_payment(at_ms=at_ms), known_at_ms)
        assert history.version == number
    assert history is not None
    assert (history.epoch, history.known_at_ms) == (1, NOW_MS + 9)
    assert (history.first_seen_ms, history.last_seen_ms) == (NOW_MS - 7, NOW_MS)
    assert fold("card", None, a_payment(), NOW_MS, epoch=2).epoch == 2


def test_rule_a_payment_leaves() -> None:
    card = a_history(
        "card", a_payment(amount_minor=700), a_payment(amount_minor=900, verdict=Verdict.DECLINE)
    )
    for rows, window in ((card.tiles_5m, FIVE_MINUTES), (card.tiles_1h, HOUR), (card.tiles_24h, DAY)):
        assert _sum("card", rows, window, "payments") == 2
        assert _sum("card", rows, window, "amount_minor") == 1_600
        assert _sum("card", rows, window, "declines") == 1
    assert (card.lifetime_payments, card.lifetime_amount_minor) == (1, 700)
    assert (card.user_ids, card.device_ids, card.zone_ids, card.driver_ids) == (
        ["usr_a"],
        ["dev_a"],
        ["zone_a"],
        ["drv_a"],
    )
    user = a_history("user", *(a_payment(amount_minor=900, verdict=verdict) for verdict in Verdict))
    assert user.lifetime_payments == len(Verdict) - 1
    assert user.amount_buckets[bucket_of(900)] == len(Verdict) - 1
    assert (user.card_ids, user.device_ids, user.zone_ids, user.driver_ids) == (
        ["card_a"],
        ["dev_a"],
        ["zone_a"],
        ["drv_a"],
    )
    promoted = a_history("user", a_payment(), a_payment(promo_id="promo_a"))
    assert _sum("user", promoted.tiles_30d, MONTH, "promos") == 1
    device = a_history("device", a_payment(at_ms=NOW_MS - 5))
    assert (device.user_ids, device.card_ids, device.zone_ids) == (["usr_a"], ["card_a"], [])
    assert device.user_seen_ms == [NOW_MS - 5]


@pytest.mark.parametrize(("amount", "bits"), [(1, 1), (1_023, 10), (1_024, 11), (2**24, 24), (10**12, 24)])
def test_a_bucket_is_the_bit_length_of_the_amount(amount: int, bits: int) -> None:
    history = a_history("user", a_payment(amount_minor=amount))
    assert [place for place, count in enumerate(history.amount_buckets, start=1) if count] == [bits]


@pytest.mark.parametrize("outcome", Outcome)
def test_rule_an_outcome_leaves(outcome: Outcome) -> None:
    told = a_payment_outcome(at_ms=NOW_MS, occurred_at=from_ms(NOW_MS - 9 * DAY_MS), outcome=outcome)
    before = a_history("user", a_payment(at_ms=NOW_MS - DAY_MS))
    after = fold("user", before, told, NOW_MS)
    assert _sum("user", after.tiles_5m, FIVE_MINUTES, "failures") == (outcome is Outcome.FAILED)
    assert after.lifetime_chargebacks == (outcome is Outcome.CHARGEBACK)
    assert (after.version, after.last_seen_ms) == (2, NOW_MS)
    assert _sum("user", after.tiles_30d, MONTH, "payments") == 1
    assert after.lifetime_payments == before.lifetime_payments


def test_rule_a_correction_moves_only_the_difference() -> None:
    paid = a_payment(at_ms=NOW_MS - 2 * DAY_MS, amount_minor=1_000)
    told = a_correction(at_ms=NOW_MS, paid_at_ms=NOW_MS - 2 * DAY_MS, before_minor=1_000, after_minor=9_000)
    user = a_history("user", paid, told)
    assert _sum("user", user.tiles_24h, DAY, "amount_minor") == 0
    assert _sum("user", user.tiles_7d, WEEK, "amount_minor") == 9_000
    assert (user.lifetime_payments, user.lifetime_amount_minor) == (1, 9_000)
    assert user.amount_buckets[bucket_of(1_000)] == 0
    assert user.amount_buckets[bucket_of(9_000)] == 1
    long_ago = a_correction(at_ms=NOW_MS, paid_at_ms=NOW_MS - 40 * DAY_MS)
    assert (
        a_history("card", a_payment(at_ms=NOW_MS), long_ago).tiles_30d
        == a_history("card", a_payment()).tiles_30d
    )


def test_rule_capped_sets_keep_the_newest() -> None:
    """Of equal times the greater ids stay, whatever the order of telling."""
    names = [letters(number) for number in range(100, 140)]
    events = [a_payment(card_id=f"card_{name}", id=f"txn_{name}") for name in names]
    events += [a_payment(at_ms=NOW_MS - 1, card_id="card_zzz", id="txn_zzz")]
    Random(4).shuffle(events)
    user = a_history("user", *events)
    assert user.card_ids == [f"card_{name}" for name in sorted(names)[-32:]]
    assert user.recent_ids == [f"txn_{name}" for name in sorted(names)[-16:]]
    rides: list[Event] = [a_ride_request(ride_id=f"ride_{name}") for name in names]
    Random(4).shuffle(rides)
    assert a_history("user", *rides).ride_ids == [f"ride_{name}" for name in sorted(names)[-8:]]


def test_rule_ride_and_payment_join_in_either_order() -> None:
    payment = a_payment(ride_id="ride_b", amount_minor=500)
    request = a_ride_request(at_ms=NOW_MS - 1, estimate_minor=925)
    for order in ([payment, request], [request, payment]):
        assert values(user=a_history("user", *order))["user_estimate_ratio"] == 2.0
    assert isnan(values(user=a_history("user", payment))["user_estimate_ratio"])


def test_rule_decision_and_outcome_join_in_either_order() -> None:
    payment = a_payment(amount_minor=1_850)
    about = [a_payment_outcome(outcome=Outcome.CHARGEBACK), a_correction(after_minor=3_700)]
    first, last = a_history("user", *about, payment), a_history("user", payment, *about)
    assert encode_history(first) == encode_history(last)
    alone = a_history("user", *about)
    assert (alone.lifetime_chargebacks, alone.lifetime_amount_minor) == (1, 1_850)


def _profile(*events: AccountCreated | ProfileChanged) -> Profile:
    profile: Profile | None = None
    for event in events:
        profile = fold_profile(profile, event, NOW_MS)
    assert profile is not None
    return profile


def test_rule_the_newest_profile_wins() -> None:
    since = from_ms(NOW_MS - DAY_MS)
    events: list[AccountCreated | ProfileChanged] = [
        an_account(valid_from=from_ms(NOW_MS - 9 * DAY_MS)),
        an_account(valid_from=from_ms(NOW_MS - 8 * DAY_MS)),
        a_profile_change(id="evt_a", valid_from=since, home_zone="zone_x"),
        a_profile_change(id="evt_b", valid_from=since, home_zone="zone_y", rating_centi=410),
    ]
    for order in permutations(events):
        profile = _profile(*order)
        assert (profile.home_zone, profile.rating_centi) == ("zone_y", 410)
        assert profile.account_created_ms == NOW_MS - 9 * DAY_MS


def test_requests_cancels_and_cards_leave_their_tile() -> None:
    user = a_history("user", a_ride_request(), a_cancel(), a_cancel(cancelled_by="driver"), a_card_added())
    left = [
        _sum("user", user.tiles_5m, FIVE_MINUTES, name) for name in ("requests", "cancels", "cards_added")
    ]
    assert left == [1, 2, 1]
    device = a_history("device", an_account(), a_login())
    assert _sum("device", device.tiles_30d, MONTH, "accounts") == 1


def test_rule_other_events_leave() -> None:
    told = (a_ride_request(), a_cancel(cancelled_by="driver"), a_card_added(), an_account())
    user, device = a_history("user", *told[:3]), a_history("device", *told[2:])
    assert {name: _sum("user", user.tiles_5m, FIVE_MINUTES, name) for name in LAYOUTS["user"].sums} == {
        **dict.fromkeys(LAYOUTS["user"].sums, 0), "requests": 1, "cancels": 1, "cards_added": 1,
    }  # fmt: skip
    assert _sum("device", device.tiles_1h, HOUR, "accounts") == 1
