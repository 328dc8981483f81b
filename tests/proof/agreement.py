"""Whether what is stored, replay, the API's vector and the oracle say the same of one decision."""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from math import isclose, isnan, nan
from typing import Any

from msgspec import Struct
from oracle import Facts, Read
from raw_past import RawPast
from situations import situations

from app.feature_reader import _decoded
from app.ports import StoredFeatures
from domain.catalogue import FEATURES, Feature
from domain.events import PaymentDecided, encode_event
from domain.history import History, HistoryKind, decode_history, encode_history
from domain.online_store import VIEW_OF_KIND
from domain.platform import pulse_of
from domain.ring import Ring
from domain.transaction import Transaction
from domain.vector import observe, vector

HISTORIES: tuple[HistoryKind, ...] = ("card", "user", "device", "zone")
EXACT_UNITS = {"count", "flag", "money", "metres", "hour"}
RELATIVE = 1e-6


class Reading(Struct, frozen=True, kw_only=True):
    """What one decision read: stored bytes by kind and by zone, and the payments in flight in their order."""

    transaction: Transaction
    as_of_ms: int
    payloads: Mapping[str, bytes]
    zones: Mapping[str, bytes]
    in_flight: Sequence[PaymentDecided]

    def entity(self, kind: str) -> str:
        field = {"card": "card_id", "device": "device_id", "zone": "pickup_zone"}.get(kind, "user_id")
        name: str = getattr(self.transaction, field)
        return name


class Compared(Struct, frozen=True, kw_only=True):
    """`saturated` are kinds of history whose features are outside the claim."""

    differences: list[str]
    saturated: set[str]
    situations: set[str]


def compare(reading: Reading, past: RawPast) -> Compared:
    stored = as_the_api_decodes(reading)
    zones = {zone: decode_history(payload) for zone, payload in reading.zones.items()}
    seen = _vector(reading, stored, [*zones.values()])
    differences = [*_histories_differ(reading, past), *_rings_differ(reading, stored, past)]
    read = _as_the_oracle_reads(reading, stored, zones)
    saturated = past.oracle.saturated(read)
    rebuilt = _rebuilt(reading, stored, past)
    rebuilt_zones = [past.replay.history("zone", zone, told.positions) for zone, told in zones.items()]
    if not saturated and _vector(reading, rebuilt, rebuilt_zones).tobytes() != seen.tobytes():
        differences.append("vector: replay has another than the API")
    differences += _features_differ(past.oracle.features(read), seen, saturated)
    met = situations(read, past.oracle)
    return Compared(differences=differences, saturated=saturated, situations=met)


def as_the_api_decodes(reading: Reading) -> StoredFeatures:
    """The rows of the API's one statement, read by its own code."""
    rows: list[tuple[int | None, str | None, bytes | None]] = [
        (None, VIEW_OF_KIND[kind], payload) for kind, payload in reading.payloads.items()
    ]
    rows += [(seq, None, encode_event(payment)) for seq, payment in enumerate(reading.in_flight, start=1)]
    return _decoded(rows)


def _vector(reading: Reading, known: StoredFeatures, zones: Sequence[History | None]) -> "array[float]":
    moment = observe(
        transaction=reading.transaction,
        as_of_ms=reading.as_of_ms,
        card=known.card,
        user=known.user,
        device=known.device,
        zone=known.zone,
        profile=known.profile,
        ring=known.ring,
        pulse=pulse_of(filter(None, zones), reading.as_of_ms) if zones else None,
        in_flight=known.in_flight,
    )
    return vector(moment)


def _rebuilt(reading: Reading, stored: StoredFeatures, past: RawPast) -> StoredFeatures:
    """Replay: from the positions that the ledger keeps, and the raw events."""
    known: dict[str, Any] = {
        kind: past.replay.history(kind, reading.entity(kind), history.positions)
        for kind in HISTORIES
        if (history := getattr(stored, kind)) is not None
    }
    profile = stored.profile and past.replay.profile(reading.entity("profile"), stored.profile.positions)
    ring = stored.ring and past.links.ring(reading.entity("ring"), stored.ring.positions)
    return StoredFeatures(**known, profile=profile, ring=ring, in_flight=stored.in_flight)


def _histories_differ(reading: Reading, past: RawPast) -> Iterator[str]:
    """The job's bytes against replay's, and what they say of themselves against the oracle."""
    for kind, entity, payload in _stored_histories(reading):
        history = decode_history(payload)
        told = past.oracle.facts(kind, entity, history.positions)
        if told.saturated:
            continue
        rebuilt = past.replay.history(kind, entity, history.positions)
        if rebuilt is None or encode_history(rebuilt) != payload:
            yield f"{kind} {entity}: replay has another history than the job"
        own = Facts(
            version=history.version,
            known_at_ms=history.known_at_ms,
            first_seen_ms=history.first_seen_ms,
            last_seen_ms=history.last_seen_ms,
            positions=history.positions,
            saturated=history.saturated,
        )
        if own != told:
            yield f"{kind} {entity}: {own} in the job, {told} by the oracle"


def _rings_differ(reading: Reading, stored: StoredFeatures, past: RawPast) -> Iterator[str]:
    """The builder's row against replay's ring, by name and number."""
    if (told := stored.ring) is not None:
        rebuilt = past.links.ring(reading.entity("ring"), told.positions)
        if rebuilt is None or of_a_ring(rebuilt) != of_a_ring(told):
            yield f"ring of {reading.entity('ring')}: {told} in the store, replay has {rebuilt}"


def of_a_ring(ring: Ring) -> tuple[str, int, int, int]:
    """All of it that the links alone decide."""
    return ring.ring_id, ring.size, ring.shared_cards, ring.shared_devices


def _stored_histories(reading: Reading) -> Iterator[tuple[HistoryKind, str, bytes]]:
    for kind in HISTORIES:
        if kind in reading.payloads:
            yield kind, reading.entity(kind), reading.payloads[kind]
    for zone, payload in reading.zones.items():
        yield "zone", zone, payload


def _as_the_oracle_reads(reading: Reading, stored: StoredFeatures, zones: Mapping[str, History]) -> Read:
    known: dict[str, Any] = {
        kind: part.positions if (part := getattr(stored, kind)) is not None else None
        for kind in (*HISTORIES, "profile", "ring")
    }
    return Read(
        transaction=reading.transaction,
        as_of_ms=reading.as_of_ms,
        **known,
        platform={zone: history.positions for zone, history in zones.items()} or None,
        in_flight=reading.in_flight,
    )


def _features_differ(oracle: Mapping[str, float], seen: "array[float]", saturated: set[str]) -> Iterator[str]:
    for feature, value in zip(FEATURES, seen, strict=True):
        [expected] = array("f", [oracle.get(feature.name, nan)])
        left_out = feature.entity in saturated and feature.name != "card_saturated"
        if not left_out and not _agree(feature, expected, value):
            yield f"{feature.name}: {value} by the API, {expected} by the oracle"


def _agree(feature: Feature, expected: float, value: float) -> bool:
    if isnan(expected) or isnan(value):
        return isnan(expected) and isnan(value)
    if feature.unit in EXACT_UNITS and feature.name != "amount_per_km":
        return expected == value
    return isclose(expected, value, rel_tol=RELATIVE)
