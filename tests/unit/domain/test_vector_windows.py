"""Sums and counterparts over the five windows: what is in them and when it leaves."""

import pytest
from event_factories import (
    NOW_MS,
    a_card_added,
    a_payment,
    a_payment_outcome,
    a_transaction,
    an_account,
)
from event_strategies import events
from hypothesis import given
from hypothesis import strategies as st
from moments import features, known_of, moment_of

from domain.catalogue import FEATURES
from domain.decision import Outcome, Verdict
from domain.display import DAY_MS
from domain.events import Event, PaymentCorrected, PaymentDecided, event_time_ms
from domain.tiles import DAY, FIVE_MINUTES, HOUR, MONTH, TILE_OF_WINDOW, WEEK
from domain.vector import observe

WINDOWS = {"5m": FIVE_MINUTES, "1h": HOUR, "24h": DAY, "7d": WEEK, "30d": MONTH}
SUMS = [f.name for f in FEATURES if f.window_ms and f.unit in ("count", "money")]
ONE_INSTANT: tuple[Event, ...] = (
    an_account(user_id="usr_b"),
    a_card_added(),
    a_payment(card_id="card_b", device_id="dev_b", pickup_zone="zone_b", promo_id="promo_a"),
    a_payment(user_id="usr_b"),
    a_payment(verdict=Verdict.DECLINE),
    a_payment_outcome(outcome=Outcome.FAILED),
)
KNOWN = known_of(ONE_INSTANT)


def after(idle_ms: int) -> dict[str, float]:
    as_of_ms = NOW_MS + idle_ms
    return features(observe(**KNOWN, transaction=a_transaction(at_ms=as_of_ms), as_of_ms=as_of_ms))


@pytest.mark.parametrize("name", SUMS)
@given(data=st.data())
def test_windows_expire_by_the_clock(name: str, data: st.DataObject) -> None:
    """Once the window has passed since the last event, only the transaction itself is left in it."""
    window_ms = WINDOWS[name.rsplit("_", 1)[1]]
    idle_ms = window_ms + TILE_OF_WINDOW[window_ms] + data.draw(st.integers(0, 90 * DAY_MS))
    alone = features(moment_of(a_payment(at_ms=NOW_MS - 400 * DAY_MS)))
    assert after(idle_ms)[name] == alone[name]


@pytest.mark.parametrize("name", SUMS)
@given(data=st.data())
def test_windows_hold_to_their_end(name: str, data: st.DataObject) -> None:
    """What happened at one instant is still counted until the whole window has passed since."""
    later_ms = data.draw(st.integers(0, WINDOWS[name.rsplit("_", 1)[1]] - 1))
    now = after(0)
    assert now[name] > 0
    assert after(later_ms)[name] == now[name]


@given(past=events("user"))
def test_velocities_are_those_of_the_raw_events(past: list[Event]) -> None:
    found = features(moment_of(*past))
    settled = {e.transaction_id: e.after_minor for e in past if isinstance(e, PaymentCorrected)}
    for short, window_ms in WINDOWS.items():
        edge_ms = (NOW_MS - window_ms) // TILE_OF_WINDOW[window_ms] * TILE_OF_WINDOW[window_ms]
        inside = [e for e in past if isinstance(e, PaymentDecided) and edge_ms <= event_time_ms(e)]
        if f"user_payments_{short}" in found:
            assert found[f"user_payments_{short}"] == len(inside) + 1
        if f"user_declines_{short}" in found:
            assert found[f"user_declines_{short}"] == sum(e.verdict is Verdict.DECLINE for e in inside)
        if f"user_amount_{short}" in found:
            total = sum(settled.get(e.id, e.amount_minor) for e in inside) + 1_850
            assert found[f"user_amount_{short}"] == pytest.approx(total, rel=1e-7)
