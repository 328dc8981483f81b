"""Hypothesis strategies for the events of one card, rider, device or zone."""

from typing import Any

from event_factories import (
    NOW_MS,
    a_cancel,
    a_card_added,
    a_correction,
    a_login,
    a_payment,
    a_payment_outcome,
    a_profile_change,
    a_ride_request,
    an_account,
)
from hypothesis import strategies as st

from domain.decision import Outcome, Verdict
from domain.display import DAY_MS
from domain.events import Event, PaymentDecided, event_time_ms

MANY_DAYS_MS = 45 * DAY_MS
OWNER = {
    "card": {"card_id": "card_a"},
    "user": {"user_id": "usr_a"},
    "device": {"device_id": "dev_a"},
    "zone": {"pickup_zone": "zone_a"},
}


def _drawn(build: Any, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(fields).map(lambda given: lambda **more: build(**{**given, **more}))


def _names(prefix: str, many: int = 50) -> st.SearchStrategy[str]:
    return st.integers(0, many - 1).map(lambda i: f"{prefix}_{i}")


_payments = _drawn(
    a_payment,
    amount_minor=st.integers(1, 10**9),
    verdict=st.sampled_from(Verdict),
    user_id=_names("usr"),
    card_id=_names("card"),
    device_id=_names("dev"),
    pickup_zone=_names("zone"),
    driver_id=_names("drv"),
    promo_id=st.none() | _names("promo"),
    pickup_lat=st.floats(-90, 90),
    pickup_lon=st.floats(-180, 180),
)
_outcomes = _drawn(a_payment_outcome, outcome=st.sampled_from(Outcome))
_requests = _drawn(a_ride_request, ride_id=_names("ride"), estimate_minor=st.integers(1, 10**6))
_logins = _drawn(a_login, new_device=st.booleans())
_BUILDERS = {
    "card": st.one_of(_payments, _outcomes, _drawn(a_card_added)),
    "user": st.one_of(
        _payments,
        _outcomes,
        _drawn(a_card_added),
        _requests,
        _drawn(a_cancel),
        _logins,
        _drawn(a_profile_change, contact_changed=st.booleans()),
    ),
    "device": st.one_of(_payments, _outcomes, _drawn(a_card_added), _drawn(an_account), _logins),
    "zone": st.one_of(_payments, _outcomes, _requests, _drawn(a_cancel)),
}


@st.composite
def events(
    draw: Any, kind: str, *, span_ms: int = MANY_DAYS_MS, most: int = 40, corrected: bool = True
) -> list[Event]:
    """Events of one owner with ids and times of their own, some at the same millisecond, in any order.

    A payment may have one correction, told at its own time or later; zones hear of none.
    """
    times = st.one_of(st.integers(-span_ms, 0), st.sampled_from([0, -1, -span_ms]))
    stream: list[Event] = []
    for i, build in enumerate(draw(st.lists(_BUILDERS[kind], min_size=1, max_size=most))):
        event = build(at_ms=NOW_MS + draw(times), id=f"evt_{i}", **_owner_in(kind, build))
        stream.append(event)
        if isinstance(event, PaymentDecided) and corrected and kind != "zone" and draw(st.booleans()):
            stream.insert(draw(st.integers(0, len(stream))), draw(corrections(event)))
    return stream


@st.composite
def corrections(draw: Any, payment: PaymentDecided) -> Event:
    paid_at_ms = event_time_ms(payment)
    same = ("transaction_id", "user_id", "card_id", "device_id", "pickup_zone")
    return a_correction(
        id=f"cor_{payment.id}",
        at_ms=draw(st.integers(paid_at_ms, NOW_MS)),
        paid_at_ms=paid_at_ms,
        before_minor=payment.amount_minor,
        after_minor=draw(st.integers(1, 10**9)),
        **{field: getattr(payment, field) for field in same},
    )


def _owner_in(kind: str, build: Any) -> dict[str, str]:
    [(field, owner)] = OWNER[kind].items()
    return {field: owner} if hasattr(build(), field) else {}
