"""Kinds of fraud that an analyst can name, and which of them a decision's own reasons suggest."""

from collections.abc import Sequence

FRAUD_TYPES: dict[str, str] = {
    "stolen_card": "stolen card",
    "card_testing": "card testing",
    "account_takeover": "account takeover",
    "stolen_phone": "stolen phone",
    "synthetic_account": "made-up account",
    "promo_abuse": "promotion abuse",
    "ghost_trips": "ghost trips",
    "gps_spoofing": "faked position",
    "collusion": "rider and driver together",
    "friendly_fraud": "friendly fraud",
    "other": "something else",
}
OTHER = "other"

# By the feature that spoke loudest against the payment; docs/fraud.md tells what each attack looks like.
_REASONS: dict[str, tuple[str, ...]] = {
    "stolen_card": (
        "card_since_added", "card_payments_5m", "card_payments_1h", "card_payments_24h", "card_payments_7d",
        "card_amount_5m", "card_amount_1h", "card_amount_24h", "card_zones_1h", "card_users_30d",
        "card_devices_24h", "card_declines_24h", "card_declines_5m", "card_saturated", "user_card_is_new",
        "user_cards_1h", "user_cards_7d", "user_speed", "amount_per_km", "request_amount_per_km",
    ),
    "card_testing": (
        "card_failures_1h", "user_failures_24h", "user_cards_added_24h", "device_cards_5m",
        "device_cards_24h", "device_payments_1h", "user_declines_1h",
    ),
    "account_takeover": (
        "user_since_new_device_login", "user_since_contact_change", "user_device_is_new", "user_devices_24h",
        "user_zone_is_new", "device_age", "card_since_last_payment", "pickup_is_home",
    ),
    "stolen_phone": ("user_payments_5m", "user_payments_1h", "hour_of_day"),
    "synthetic_account": (
        "user_amount_7d", "user_amount_30d", "user_payments_30d", "user_amount_ratio", "user_amount_rank",
        "account_age",
    ),
    "promo_abuse": ("promo_used", "user_promos_30d", "device_accounts_30d", "device_users_30d"),
    "ghost_trips": ("user_driver_repeats", "user_drivers_7d"),
    "gps_spoofing": ("user_estimate_ratio", "distance"),
    "friendly_fraud": ("user_chargebacks",),
}  # fmt: skip
_TYPE_OF_REASON = {code: kind for kind, codes in _REASONS.items() for code in codes}

# A rule is written against one kind of fraud, and its name says which.
_WORDS_OF_RULES = (
    ("card_testing", "card_testing"),
    ("many_cards", "card_testing"),
    ("promo", "promo_abuse"),
    ("ring", "collusion"),
    ("impossible_journey", "stolen_card"),
    ("new_phone", "account_takeover"),
    ("takeover", "account_takeover"),
    ("young_account", "synthetic_account"),
    ("ghost", "ghost_trips"),
    ("gps", "gps_spoofing"),
    ("stolen_card", "stolen_card"),
)


def suspected_type(lead_reason: str | None, rule_ids: Sequence[str]) -> str:
    """A code of FRAUD_TYPES: by a rule that acted, else by the strongest reason of the decision."""
    for rule_id in rule_ids:
        for word, kind in _WORDS_OF_RULES:
            if word in rule_id:
                return kind
    return _TYPE_OF_REASON.get(lead_reason or "", OTHER)


def reasons_of_type(code: str) -> frozenset[str]:
    """The reasons that suggest a kind of fraud, to filter by."""
    return frozenset(_REASONS.get(code, ()))
