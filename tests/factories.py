"""Objects from defaults; a test names only what it is about."""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from event_factories import NOW_MS, a_payment_outcome, an_id
from msgspec import json, structs, to_builtins

from app.decide import decided_event
from app.decision_id import new_decision_id
from app.ports import Caller, Decision, Evidence, KnownPulse, StoredFeatures
from app.pulse import known_pulse
from app.replies import Reply, Versions, encode_reply
from app.requests import Place, TransactionRequest
from domain.decision import Rung, Verdict
from domain.events import PaymentOutcome, from_ms
from domain.history import History
from domain.vector import as_attempt


def a_request(**given: Any) -> TransactionRequest:
    defaults: dict[str, Any] = {
        "transaction_id": an_id("txn"),
        "ride_id": "ride_a",
        "user_id": "usr_a",
        "card_id": "card_a",
        "device_id": "dev_a",
        "driver_id": "drv_a",
        "amount_minor": 1_850,
        "currency": "USD",
        "pickup": Place(zone="zone_a", lat=40.71, lon=-74.0),
        "dropoff": Place(zone="zone_b", lat=40.76, lon=-73.98),
        "distance_m": 6_200,
        "requested_at": from_ms(NOW_MS - 800),
    }
    return TransactionRequest(**{**defaults, **given})


def a_body(**given: Any) -> dict[str, Any]:
    """A request as a caller would write it; `given` may hold anything, wrong or unknown fields too."""
    body: dict[str, Any] = to_builtins(a_request())
    return {**body, **given}


def a_live_body(**given: Any) -> bytes:
    """As a_body, asked for just now by the real clock."""
    return json.encode(a_body(requested_at=datetime.now(UTC), **given))


def stored(**given: Any) -> StoredFeatures:
    """Histories of all that the stream knows well, read half a second after it saw everything."""
    defaults: dict[str, Any] = {
        "card": History(epoch=1, version=7, known_at_ms=NOW_MS - 60_000, positions=[1002, 40]),
        "user": History(epoch=1, version=9, known_at_ms=NOW_MS - 60_000, positions=[3, 9, 1002, 41]),
        "device": History(epoch=1, version=5, known_at_ms=NOW_MS - 60_000, positions=[1002, 41]),
        "zone": History(epoch=1, version=800, known_at_ms=NOW_MS - 1_000, positions=[1001, 77, 1002, 80]),
        "low_watermark_ms": NOW_MS - 500,
    }
    return StoredFeatures(**{**defaults, **given})


def a_pulse(**zones: History) -> KnownPulse:
    return known_pulse(zones or {"zone_a": History(version=3, positions=[1001, 5])}, NOW_MS - 2_000)


def a_decision(request: TransactionRequest | None = None, **given: Any) -> Decision:
    request = request or a_request()
    transaction = request.transaction()
    reply = Reply(
        decision_id=new_decision_id(NOW_MS),
        transaction_id=request.transaction_id,
        verdict=Verdict.APPROVE,
        score=3,
        probability=0.0125,
        rung=Rung.R0,
        rung_reason=None,
        feature_age_ms=420,
        reasons=[],
        versions=Versions(model="mdl_a", rules=7, lists=3, policy="pol_a"),
        decided_at=from_ms(NOW_MS + 3),
    )
    decision = Decision(
        tenant="tenant_a",
        idempotency_key=request.transaction_id,
        fingerprint=sha256(request.canonical()).digest(),
        transaction=transaction,
        as_of_ms=NOW_MS,
        model_version="mdl_a",
        scorer_kind="compiled",
        rulebook_version=7,
        lists_version=3,
        policy_version="pol_a",
        evidence=Evidence(),
        features=stored(),
        pulse=None,
        vector=b"\x00\x00\x80?" * 3,
        request=request.canonical(),
        reply=encode_reply(reply),
        latency_us=2_900,
        event=decided_event(as_attempt(transaction, NOW_MS), reply),
        **{
            name: getattr(reply, name)
            for name in reply.__struct_fields__
            if name not in ("transaction_id", "versions", "list_entry")
        },
    )
    return structs.replace(decision, **given)


def a_caller(**given: Any) -> Caller:
    scopes = frozenset({"decide", "outcome", "read", "label"})
    return Caller(**{"tenant": "tenant_a", "key_id": "key_a", "scopes": scopes, **given})


def an_outcome(transaction_id: str, **given: Any) -> PaymentOutcome:
    return a_payment_outcome(at_ms=NOW_MS + 60_000, **{"transaction_id": transaction_id, **given})
