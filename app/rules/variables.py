"""What a rule can speak of: every feature, the probability, and the payment's own fields."""

from collections.abc import Callable, Iterable
from math import isnan, nan
from operator import attrgetter
from typing import Any

from app.ports import Facts
from domain.catalogue import FEATURE_NAMES

Value = float | int | str
FEATURES = frozenset(FEATURE_NAMES)
PROBABILITY = "probability"
_OF_TRANSACTION = (
    "amount_minor", "currency", "pickup_zone", "dropoff_zone", "pickup_lat", "pickup_lon", "distance_m",
    "card_id", "user_id", "device_id", "driver_id",
)  # fmt: skip
FIELDS: dict[str, Callable[[Facts], Any]] = {
    **{name: attrgetter(f"transaction.{name}") for name in _OF_TRANSACTION},
    "promo_id": lambda facts: facts.transaction.promo_id or "",
    "email_hash": lambda facts: facts.email_hash or "",
}
VARIABLES = frozenset({*FEATURES, PROBABILITY, *FIELDS})
WHOLE_NUMBERS = frozenset({"amount_minor", "distance_m"})


def values_of(facts: Facts, fields: Iterable[str]) -> dict[str, Value]:
    """The features and the probability, as far as there are any, and the fields that are asked for."""
    values: dict[str, Value] = dict(facts.features or {})
    if facts.probability is not None:
        values[PROBABILITY] = facts.probability
    for name in fields:
        values[name] = FIELDS[name](facts)
    return values


def known(value: Value) -> bool:
    """The function `known(x)` of rules: whether there is a value at all."""
    return value == value and value != ""  # noqa: PLR0124 - only NaN differs from itself


def _sample(
    feature: float, probability: float, amount_minor: int, distance_m: int, text: str
) -> dict[str, Value]:
    ids = {
        name: f"{prefix}_{text or 'a'}"
        for name, prefix in (
            ("pickup_zone", "zone"), ("dropoff_zone", "zone"), ("card_id", "card"), ("user_id", "usr"),
            ("device_id", "dev"), ("driver_id", "drv"),
        )
    }  # fmt: skip
    optional = {"promo_id": text and f"promo_{text}", "email_hash": text and f"emh_{'a' * 52}"}
    return {
        **dict.fromkeys(FEATURE_NAMES, feature),
        PROBABILITY: probability,
        "amount_minor": amount_minor,
        "distance_m": distance_m,
        "currency": "USD",
        "pickup_lat": 40.71,
        "pickup_lon": -74.0,
        **ids,
        **optional,
    }


# What every new rule is tried on: a quiet payment, a usual one, a suspicious one, and an unknown rider's.
SAMPLES: tuple[dict[str, Value], ...] = (
    _sample(0.0, 0.001, 1, 0, ""),
    _sample(1.0, 0.02, 1_850, 6_200, "a"),
    _sample(5_000.0, 0.999, 99_999_999, 500_000, "z" * 64),
    _sample(nan, 0.05, 1_850, 6_200, ""),
)


def missing(values: dict[str, Value], names: Iterable[str]) -> bool:
    """Whether any of these values is not known."""
    return any(isinstance(value := values[name], float) and isnan(value) for name in names)
