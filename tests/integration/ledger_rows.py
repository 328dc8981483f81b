"""Decisions, outcomes and labels put into the ledger as the owner, for tests that read it."""

from array import array
from datetime import timedelta
from typing import Any

import psycopg
from event_factories import NOW_MS, an_id
from factories import a_request
from psycopg.types.json import Jsonb
from rule_factories import facts

from domain.catalogue import FEATURE_NAMES
from domain.events import from_ms

_ROW = """
insert into decisions (
    decision_id, decided_at, tenant, idempotency_key, fingerprint, transaction_id, as_of_ms,
    user_id, card_id, device_id, driver_id, ride_id, amount_minor, currency, pickup_zone, dropoff_zone,
    verdict, score, probability, rung,
    rulebook_version, lists_version, policy_version, vector, evidence, rules, request, reply, reasons,
    latency_us, sandbox
) values (
    %(decision_id)s, %(decided_at)s, 'local', %(transaction_id)s, '', %(transaction_id)s, %(as_of_ms)s,
    %(user_id)s, %(card_id)s, %(device_id)s, 'drv_a', 'ride_a', %(amount_minor)s, 'USD', 'zone_a', 'zone_b',
    %(verdict)s, 3, %(probability)s, %(rung)s,
    0, 0, 'test', %(vector)s, %(evidence)s, %(rules)s, %(request)s, '', %(reasons)s, 1,
    %(sandbox)s
)
"""


def add_decision(
    connection: psycopg.Connection[Any], *, request: dict[str, Any] | None = None, **given: Any
) -> dict[str, Any]:
    """Features and columns are told apart by name; `vector=None` is a decision without features."""
    asked = a_request(**(request or {}))
    features = facts(**given).features or {}
    row = {
        "decision_id": an_id("dec"),
        "decided_at": from_ms(NOW_MS),
        "transaction_id": asked.transaction_id,
        "as_of_ms": NOW_MS,
        "user_id": "usr_a",
        "card_id": "card_a",
        "device_id": "dev_a",
        "amount_minor": asked.amount_minor,
        "verdict": "approve",
        "probability": 0.02,
        "rung": "R0",
        "vector": array("f", [features[name] for name in FEATURE_NAMES]).tobytes(),
        "evidence": {},
        "rules": [],
        "reasons": [],
        "request": asked.canonical(),
        "sandbox": False,
    }
    row |= {name: value for name, value in given.items() if name in row}
    connection.execute(_ROW, row | {name: Jsonb(row[name]) for name in ("evidence", "rules", "reasons")})
    return row


def add_outcome(connection: psycopg.Connection[Any], decision: dict[str, Any], outcome: str) -> None:
    connection.execute(
        "insert into outcomes"
        " (outcome_id, transaction_id, decision_id, decided_at, outcome, occurred_at, amount_minor)"
        " values (%s, %s, %s, %s, %s, %s, 1)",
        (an_id("out"), decision["transaction_id"], decision["decision_id"], decision["decided_at"], outcome,
         decision["decided_at"]),
    )  # fmt: skip


def add_label(
    connection: psycopg.Connection[Any], decision: dict[str, Any], label: str, after_s: int = 1
) -> None:
    connection.execute(
        "insert into labels (label_id, decision_id, decided_at, label, labelled_by, labelled_at)"
        " values (%s, %s, %s, %s, 'ana', %s)",
        (an_id("lbl"), decision["decision_id"], decision["decided_at"], label,
         decision["decided_at"] + timedelta(seconds=after_s)),
    )  # fmt: skip


def a_hit(rule_id: str, *, acted: bool = True) -> dict[str, Any]:
    return {
        "rule_id": rule_id,
        "version": 1,
        "action": "review",
        "mode": "live",
        "points": None,
        "acted": acted,
    }
