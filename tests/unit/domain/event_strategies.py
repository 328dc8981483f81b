"""Hypothesis strategies for the events of one card and one rider."""

from typing import Any

from event_factories import (
    NOW_MS,
    a_cancel,
    a_card_added,
    a_login,
    a_payment,
    a_payment_outcome,
    a_profile_change,
    a_ride_request,
)
from hypothesis import strategies as st

from domain.decision import Outcome, Verdict
from domain.display import DAY_MS
from domain.events import Event

MANY_DAYS_MS = 45 * DAY_MS


def _drawn(build: Any, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(fields).map(lambda given: lambda **more: build(**given, **more))


def _names(prefix: str, many: int = 50) -> st.SearchStrategy[str]:
    return st.integers(0, many - 1).map(lambda i: f"{prefix}_{i}")


_payment = _drawn(
    a_payment,
    amount_minor=st.integers(1, 10**9),
    verdict=st.sampled_from(Verdict),
    user_id=_names("usr"),
    card_id=_names("card"),
    device_id=_names("dev"),
    pickup_zone=_names("zone"),
    driver_id=_names("drv"),
    pickup_lat=st.floats(-90, 90),
    pickup_lon=st.floats(-180, 180),
)
_card_events = st.one_of(
    _payment, _drawn(a_payment_outcome, outcome=st.sampled_from(Outcome)), _drawn(a_card_added)
)
_user_events = st.one_of(
    _card_events,
    _drawn(a_ride_request),
    _drawn(a_cancel),
    _drawn(a_login, new_device=st.booleans()),
    _drawn(a_profile_change, contact_changed=st.booleans()),
)


@st.composite
def events(draw: Any, kind: str, *, span_ms: int = MANY_DAYS_MS, most: int = 40) -> list[Event]:
    """Events with ids and times of their own, some at the same millisecond."""
    builders = draw(st.lists(_card_events if kind == "card" else _user_events, min_size=1, max_size=most))
    times = st.one_of(st.integers(-span_ms, 0), st.sampled_from([0, -1, -span_ms]))
    return [build(at_ms=NOW_MS + draw(times), id=f"evt_{i}") for i, build in enumerate(builders)]
