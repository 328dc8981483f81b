"""The rules that a new local stack begins with; sure ones act, the others are only watched."""

from typing import Any

import psycopg

from app.rules.store import RuleStore
from app.rules.version import take_turn
from domain.rules import Action, Mode, Rule

OWNER = "starter"
BY = "faregate"

STARTER_RULES: tuple[Rule, ...] = (
    Rule(
        rule_id="rule_card_testing",
        version=1,
        expression="card_failures_1h >= 5 && card_payments_1h >= 6",
        action=Action.DECLINE,
        priority=90,
        mode=Mode.LIVE,
        owner=OWNER,
        note="Issuers refused this card again and again within an hour.",
    ),
    Rule(
        rule_id="rule_many_cards_one_device",
        version=1,
        expression="device_cards_5m >= 4",
        action=Action.CHALLENGE,
        priority=80,
        mode=Mode.LIVE,
        owner=OWNER,
        note="Card after card on one device within five minutes.",
    ),
    Rule(
        rule_id="rule_impossible_journey",
        version=1,
        expression="user_speed > 900 && user_device_is_new == 1",
        action=Action.CHALLENGE,
        priority=70,
        mode=Mode.LIVE,
        owner=OWNER,
        note="Faster than an aeroplane since the last pick-up, and on a device never seen with this rider.",
    ),
    Rule(
        rule_id="rule_new_phone_dear_ride",
        version=1,
        expression="user_since_new_device_login < 3600 && user_amount_ratio > 3",
        action=Action.REVIEW,
        priority=50,
        mode=Mode.SHADOW,
        owner=OWNER,
        note="A login from a new device within the hour, and a fare far above the rider's usual.",
    ),
    Rule(
        rule_id="rule_young_account_dear_ride",
        version=1,
        expression="account_age < 1 && amount_minor >= 15000",
        action=Action.REVIEW,
        priority=40,
        mode=Mode.SHADOW,
        owner=OWNER,
        note="An account of today, and a dear ride.",
    ),
    Rule(
        rule_id="rule_promotion_ring",
        version=1,
        expression="promo_id != '' && device_accounts_30d >= 3",
        action=Action.ADD_SCORE,
        points=10,
        priority=30,
        mode=Mode.SHADOW,
        owner=OWNER,
        note="A promotion, from a device that made account after account.",
    ),
)


def install(connection: psycopg.Connection[Any]) -> int:
    """Keep the starter rules when the database holds none at all, as console or owner; how many were kept."""
    store = RuleStore(connection)
    with connection.transaction():
        take_turn(connection)
        if store.version():
            return 0
        for rule in STARTER_RULES:
            store.add(rule, by=BY, why="the rules that a new stack begins with")
    return len(STARTER_RULES)
