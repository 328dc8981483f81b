"""Rules and what they look at, from defaults; a test names only what it is about."""

from typing import Any

from event_factories import NOW_MS

from app.ports import Facts
from domain.catalogue import FEATURE_NAMES
from domain.decision import Rung
from domain.rules import Action, Mode, Rule
from domain.transaction import Transaction

EMAIL = f"emh_{'a' * 52}"


def a_rule(rule_id: str = "rule_a", expression: str = "amount >= 5", **given: Any) -> Rule:
    defaults: dict[str, Any] = {"version": 1, "action": Action.REVIEW, "mode": Mode.LIVE, "owner": "ana"}
    return Rule(rule_id=rule_id, expression=expression, **{**defaults, **given})


def a_transaction(**given: Any) -> Transaction:
    defaults: dict[str, Any] = {
        "transaction_id": "txn_a",
        "ride_id": "ride_a",
        "user_id": "usr_a",
        "card_id": "card_a",
        "device_id": "dev_a",
        "driver_id": "drv_a",
        "amount_minor": 1_850,
        "currency": "USD",
        "pickup_zone": "zone_a",
        "dropoff_zone": "zone_b",
        "pickup_lat": 40.71,
        "pickup_lon": -74.0,
        "distance_m": 6_200,
        "requested_at_ms": NOW_MS - 800,
    }
    return Transaction(**{**defaults, **given})


def facts(*, email_hash: str | None = None, as_of_ms: int = NOW_MS, **given: Any) -> Facts:
    """Everything known and 0, but for the features and fields that are given."""
    features = {**dict.fromkeys(FEATURE_NAMES, 0.0), **{k: v for k, v in given.items() if k in FEATURE_NAMES}}
    paid = a_transaction(**{k: v for k, v in given.items() if k in Transaction.__struct_fields__})
    return Facts(
        transaction=paid,
        as_of_ms=as_of_ms,
        rung=Rung.R0,
        email_hash=email_hash,
        features=features,
        probability=given.get("probability", 0.02),
    )


def bare_facts(**given: Any) -> Facts:
    """As on rungs R2 and R3: no features, no probability."""
    return Facts(transaction=a_transaction(**given), as_of_ms=NOW_MS, rung=Rung.R2)
