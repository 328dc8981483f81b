"""docs/feature-contract.md: windows."""

from math import isnan

import pytest
from event_factories import NOW_MS, a_card_added, a_history, a_payment, a_transaction, letters
from feature_values import values

from domain.catalogue import FEATURES
from domain.events import Event
from domain.history import WINDOWS_OF_KIND, History, HistoryKind
from domain.platform import pulse_of
from domain.profile import Profile
from domain.ring import Ring
from domain.tiles import LAYOUTS, total

SECOND_MS, MINUTE_MS, HOUR_MS, DAY_MS = 1_000, 60_000, 3_600_000, 86_400_000
TILE_OF_WINDOW = {
    5 * MINUTE_MS: 15 * SECOND_MS,
    HOUR_MS: 3 * MINUTE_MS,
    DAY_MS: HOUR_MS,
    7 * DAY_MS: 8 * HOUR_MS,
    30 * DAY_MS: DAY_MS,
}
FIELD = {5 * MINUTE_MS: "5m", HOUR_MS: "1h", DAY_MS: "24h", 7 * DAY_MS: "7d", 30 * DAY_MS: "30d"}


def _payments(history: History, kind: str, window_ms: int, at_ms: int) -> int:
    rows = getattr(history, f"tiles_{FIELD[window_ms]}")
    return total(rows, LAYOUTS[kind], window_ms, at_ms, "payments")


LEFT_OUT = {"card": {"30d"}, "user": set[str](), "device": {"5m", "24h", "7d"}, "zone": {"24h", "30d"}}


@pytest.mark.parametrize("kind", ["card", "user", "device", "zone"])
@pytest.mark.parametrize(("window_ms", "tile_ms"), TILE_OF_WINDOW.items())
def test_rule_tiles_of_a_window(kind: HistoryKind, window_ms: int, tile_ms: int) -> None:
    if FIELD[window_ms] in LEFT_OUT[kind]:
        assert window_ms not in WINDOWS_OF_KIND[kind]
        return
    edge_ms = (NOW_MS - window_ms) // tile_ms * tile_ms
    end_ms = (NOW_MS // tile_ms + 1) * tile_ms - 1
    times = [edge_ms - 1, edge_ms, end_ms, end_ms + 1]
    events = [a_payment(at_ms=time_ms) for time_ms in times if time_ms <= NOW_MS + 5 * MINUTE_MS]
    inside = sum(edge_ms <= time_ms <= end_ms for time_ms in times[: len(events)])
    assert _payments(a_history(kind, *events), kind, window_ms, NOW_MS) == inside


def test_rule_windows_expire_by_the_clock() -> None:
    card = a_history("card", a_payment(at_ms=NOW_MS))
    counts = [
        values(card=card, as_of_ms=NOW_MS + later_ms)["card_payments_5m"]
        for later_ms in (0, 5 * MINUTE_MS, 5 * MINUTE_MS + 15 * SECOND_MS)
    ]
    assert counts == [2, 2, 1]  # the transaction itself is one of them


def test_rule_distinct_since_the_edge() -> None:
    def riders(*times: int) -> float:
        events = [a_payment(at_ms=at_ms, user_id=f"usr_{letters(n)}") for n, at_ms in enumerate(times, 1)]
        return values(card=a_history("card", *events))["card_users_30d"]

    edge_ms = NOW_MS - 30 * DAY_MS
    assert riders(edge_ms + 1) == 2  # and the transaction's own rider
    assert riders(edge_ms) == 1
    assert riders(*(NOW_MS - n for n in range(40))) == 32


def test_rule_the_transaction_counts_in_its_own_velocity() -> None:
    earlier = a_payment(at_ms=NOW_MS - HOUR_MS // 2, card_id="card_b", amount_minor=1_000)
    seen = values(
        transaction=a_transaction(amount_minor=500, promo_id="promo_a"),
        user=a_history("user", earlier),
        card=a_history("card", a_card_added(at_ms=NOW_MS - HOUR_MS)),
        device=a_history("device", earlier),
    )
    assert seen["user_payments_1h"] == 2
    assert seen["user_amount_7d"] == 1_500
    assert seen["user_promos_30d"] == 1
    assert seen["user_cards_1h"] == 2
    assert seen["card_amount_5m"] == 500
    assert seen["device_payments_1h"] == 2
    assert seen["user_declines_1h"] == 0
    assert seen["user_card_is_new"] == 1  # before it
    assert isnan(seen["card_since_last_payment"])
    flying = a_payment(at_ms=NOW_MS - 2 * SECOND_MS)
    with_flight = values(card=a_history("card", a_card_added()), in_flight=[flying])
    assert with_flight["card_payments_5m"] == 2
    assert with_flight["card_since_last_payment"] == 2


@pytest.mark.parametrize("entity", ["card", "user", "device", "zone", "platform", "profile", "ring"])
def test_rule_an_unknown_entity_is_missing(entity: str) -> None:
    events: list[Event] = [a_payment(at_ms=NOW_MS - HOUR_MS)]
    known = {kind: a_history(kind, *events) for kind in ("card", "user", "device", "zone")}
    everything = {
        **known,
        "pulse": pulse_of([known["zone"]], NOW_MS),
        "profile": Profile(home_zone="zone_a", rating_centi=500, account_created_ms=NOW_MS),
        "ring": Ring(),
    }
    of_entity = [feature.name for feature in FEATURES if feature.entity == entity]
    without = values(**{**everything, {"platform": "pulse"}.get(entity, entity): None})
    assert of_entity
    assert all(isnan(without[name]) for name in of_entity)
    assert not all(isnan(values(**everything)[name]) for name in of_entity)


def test_a_card_known_by_a_payment_in_flight_only_is_known() -> None:
    assert isnan(values()["card_payments_5m"])
    assert values(in_flight=[a_payment(at_ms=NOW_MS - 1)])["card_payments_5m"] == 2
