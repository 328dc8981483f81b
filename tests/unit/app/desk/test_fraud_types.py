import pytest

from app.desk.fraud_types import FRAUD_TYPES, OTHER, reasons_of_type, suspected_type
from app.rules.starter import STARTER_RULES
from domain.catalogue import FEATURE_NAMES

OF_THE_REQUEST = {"request_amount", "request_amount_per_km"}


def test_every_reason_is_one_that_a_decision_can_give() -> None:
    for code in FRAUD_TYPES:
        assert reasons_of_type(code) <= {*FEATURE_NAMES, *OF_THE_REQUEST}, code


def test_a_reason_suggests_one_kind_and_is_found_by_it() -> None:
    for reason in (*FEATURE_NAMES, *OF_THE_REQUEST):
        kind = suspected_type(reason, [])
        assert kind in FRAUD_TYPES
        assert kind == OTHER or reason in reasons_of_type(kind)


@pytest.mark.parametrize(
    ("reason", "rules", "kind"),
    [
        ("card_since_added", [], "stolen_card"),
        ("card_failures_1h", [], "card_testing"),
        ("user_since_contact_change", [], "account_takeover"),
        ("user_payments_5m", [], "stolen_phone"),
        ("user_driver_repeats", [], "ghost_trips"),
        ("user_estimate_ratio", [], "gps_spoofing"),
        ("device_accounts_30d", [], "promo_abuse"),
        ("rating", [], OTHER),
        (None, [], OTHER),
        ("user_payments_5m", ["rule_card_testing"], "card_testing"),
        ("user_payments_5m", ["rule_of_thumb"], "stolen_phone"),
    ],
)
def test_what_a_decision_suggests(reason: str | None, rules: list[str], kind: str) -> None:
    assert suspected_type(reason, rules) == kind


def test_the_starter_rules_name_a_kind() -> None:
    assert all(suspected_type(None, [rule.rule_id]) != OTHER for rule in STARTER_RULES)
