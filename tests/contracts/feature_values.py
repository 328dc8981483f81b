"""The features of one moment by name."""

from typing import Any

from event_factories import NOW_MS, a_transaction

from domain.catalogue import FEATURE_NAMES
from domain.vector import observe, vector


def values(*, as_of_ms: int = NOW_MS, **known: Any) -> dict[str, float]:
    """`known` as domain.vector.observe takes it; by default the transaction of everybody's `_a`."""
    moment = observe(**{"transaction": a_transaction(at_ms=as_of_ms), "as_of_ms": as_of_ms, **known})
    return dict(zip(FEATURE_NAMES, vector(moment), strict=True))
