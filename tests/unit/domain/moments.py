"""A transaction of card_a, usr_a, dev_a and zone_a at the instant after a past, and its features by name."""

from collections.abc import Sequence
from typing import Any

from event_factories import NOW_MS, a_history, a_transaction, an_account

from domain.catalogue import FEATURE_NAMES
from domain.display import DAY_MS
from domain.events import Event, PaymentDecided, event_time_ms
from domain.history import HistoryKind
from domain.links import links_of
from domain.moment import Moment
from domain.platform import pulse_of
from domain.profile import Profile, fold_profile
from domain.ring import Links, Ring, ring_of
from domain.vector import observe, vector

OWNERS: tuple[tuple[HistoryKind, str, str], ...] = (
    ("card", "card_id", "card_a"),
    ("user", "user_id", "usr_a"),
    ("device", "device_id", "dev_a"),
    ("zone", "pickup_zone", "zone_a"),
)


def a_profile() -> Profile:
    account = an_account(at_ms=NOW_MS - 400 * DAY_MS, rating_centi=490)
    return fold_profile(None, account, NOW_MS)


def known_of(past: Sequence[Event]) -> dict[str, Any]:
    """What is known of card, user, device, zone, platform and ring; a part without any past is unknown."""
    parts: dict[str, Any] = {
        kind: a_history(kind, *told) if (told := told_to(past, field, owner)) else None
        for kind, field, owner in OWNERS
    }
    zones = {zone for event in past if (zone := getattr(event, "pickup_zone", None))}
    histories = [a_history("zone", *told_to(past, "pickup_zone", zone)) for zone in sorted(zones)]
    pulse = pulse_of(histories, NOW_MS) if histories else None
    return {**parts, "pulse": pulse, "ring": ring_of("usr_a", linked(past))}


def linked(past: Sequence[Event]) -> Links:
    links = Links()
    for event in past:
        for link in links_of(event):
            links.add(link, event_time_ms(event))
    return links


def told_to(past: Sequence[Event], field: str, owner: str) -> list[Event]:
    return [event for event in past if getattr(event, field, None) == owner]


def moment_of(
    *past: Event,
    profile: Profile | None = None,
    ring: Ring | None = None,
    as_of_ms: int = NOW_MS,
    in_flight: Sequence[PaymentDecided] = (),
    **given: Any,
) -> Moment:
    return observe(
        **known_of(past) | ({"ring": ring} if ring else {}),
        profile=profile,
        transaction=a_transaction(at_ms=as_of_ms, **given),
        as_of_ms=as_of_ms,
        in_flight=in_flight,
    )


def features(moment: Moment) -> dict[str, float]:
    return dict(zip(FEATURE_NAMES, vector(moment), strict=True))
