"""A decision as the ledger inserts it: one flat row, which a journal can keep as bytes meanwhile."""

from typing import Any

from msgspec import json, msgpack, structs

from app.in_flight import overlaid
from app.ports import Decision, KnownPulse
from domain.events import encode_event
from domain.history import History
from domain.online_store import VIEW_OF_KIND
from domain.profile import Profile
from domain.ring import Ring
from domain.topics import DECISIONS

Row = dict[str, Any]
_LACKING_BEFORE: Row = {"ring_epoch": None, "ring_version": None}  # in rows that an older release journaled
_encoder = msgpack.Encoder()
_decoder = msgpack.Decoder(Row)


def row_of(decision: Decision, *, with_pulse: bool = True) -> Row:
    """The parameters of the statement `record_decision`; `pulse` holds those of `keep_pulse`, if wanted."""
    features = decision.features
    read = {kind: getattr(features, kind) for kind in VIEW_OF_KIND}
    return (
        structs.asdict(decision.transaction)
        | {name: getattr(decision, name) for name in _PLAIN}
        | _versions(read)
        | {
            "positions": _json({kind: known.positions for kind, known in read.items() if known}),
            "overlaid": _json(overlaid(features.in_flight)),
            "seq": features.seq,
            "pulse_id": None if decision.pulse is None else decision.pulse.id,
            "pulse": _pulse(decision.pulse) if decision.pulse and with_pulse else None,
            "evidence": _json(decision.evidence),
            "rules": _json(decision.rules),
            "reasons": _json(decision.reasons),
            "topic": DECISIONS.name,
            "event": encode_event(decision.event),
        }
    )


_PLAIN = (
    "decision_id", "tenant", "idempotency_key", "fingerprint", "decided_at", "as_of_ms", "verdict", "score",
    "probability", "rung", "rung_reason", "feature_age_ms", "model_version", "scorer_kind",
    "rulebook_version", "lists_version", "policy_version", "vector", "request", "reply", "latency_us",
    "sandbox",
)  # fmt: skip


def encode_row(row: Row) -> bytes:
    return _encoder.encode(row)


def decode_row(raw: bytes) -> Row:
    return _LACKING_BEFORE | _decoder.decode(raw)


def _pulse(pulse: KnownPulse) -> Row:
    return {"id": pulse.id, "at_ms": pulse.pulse.at_ms, "zones": _json(pulse.zones)}


def _versions(read: dict[str, History | Profile | Ring | None]) -> Row:
    versions: Row = {}
    for kind, known in read.items():
        versions[f"{kind}_epoch"] = None if known is None else known.epoch
        versions[f"{kind}_version"] = None if known is None else known.version
    return versions


def _json(value: object) -> str:
    return json.encode(value).decode()
