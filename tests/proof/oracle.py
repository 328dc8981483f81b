"""The features once more, slowly: what is known, by brute force over lists of raw events.

Written from docs/feature-contract.md alone, as oracle_features.py is. Neither imports anything that computes
features: what agrees with them agrees with the contract.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from oracle_features import (
    HOUR_MS,
    MINUTE_MS,
    Past,
    count,
    decline_rise,
    in_window,
    is_saturated,
    of_the_card,
    of_the_profile,
    of_the_transaction,
    of_the_user,
    payments,
    seconds_since,
    windowed,
)
from oracle_rings import of_the_ring

from domain.decision import Rung, Verdict
from domain.events import (
    AccountCreated,
    CardAdded,
    DeviceLogin,
    Event,
    PaymentCorrected,
    PaymentDecided,
    PaymentOutcome,
    ProfileChanged,
    RideCancelled,
    RideRequested,
    event_time_ms,
    from_ms,
)
from domain.transaction import Transaction

AHEAD_AT_MOST_MS = 5 * MINUTE_MS
YEAR_2000_MS = 946_684_800_000
LATENESS_HORIZON_MS = HOUR_MS
KINDS = ("card", "user", "device", "zone", "profile")
Positions = Sequence[int]  # source, newest folded offset, source, offset, …


class Told(NamedTuple):
    """A record of a source topic that could be read; `source` numbers its topic and partition."""

    source: int
    offset: int
    record_time_ms: int
    event: Event


class Read(NamedTuple):
    """What a decision read: of each history its positions, for the platform those of every zone, and for the
    ring how far its builder had read."""

    transaction: Transaction
    as_of_ms: int
    card: Positions | None
    user: Positions | None
    device: Positions | None
    zone: Positions | None
    profile: Positions | None
    ring: Positions | None
    platform: Mapping[str, Positions] | None
    in_flight: Sequence[PaymentDecided]


class Facts(NamedTuple):
    """What a history says of itself."""

    version: int
    known_at_ms: int
    first_seen_ms: int
    last_seen_ms: int
    positions: list[int]
    saturated: bool


def entity_of(kind: str, event: Event) -> str | None:
    match event:
        case PaymentDecided():
            table = {"card": event.card_id, "user": event.user_id, "device": event.device_id}
            return {**table, "zone": event.pickup_zone}.get(kind)
        case PaymentOutcome():
            table = {"card": event.card_id, "user": event.user_id}
            return {**table, "device": event.device_id, "zone": event.pickup_zone}.get(kind)
        case PaymentCorrected() | CardAdded():
            return {"card": event.card_id, "user": event.user_id, "device": event.device_id}.get(kind)
        case RideRequested() | RideCancelled():
            return {"user": event.user_id, "zone": event.pickup_zone}.get(kind)
        case DeviceLogin():
            return {"user": event.user_id, "device": event.device_id}.get(kind)
        case ProfileChanged():
            return {"user": event.user_id, "profile": event.user_id}.get(kind)
        case AccountCreated():
            return {"device": event.device_id, "profile": event.user_id}.get(kind)
    return None


def is_folded(told: Told) -> bool:
    """Neither refused nor late."""
    at_ms = event_time_ms(told.event)
    refused = at_ms > told.record_time_ms + AHEAD_AT_MOST_MS or at_ms < YEAR_2000_MS
    return not refused and told.record_time_ms - at_ms <= LATENESS_HORIZON_MS


class Oracle:
    """Everything ever told, in the order of each partition."""

    def __init__(self, told: Iterable[Told]) -> None:
        self._of: dict[tuple[str, str], list[Told]] = {}
        self._all = sorted(filter(is_folded, told), key=lambda record: (record.source, record.offset))
        for record in self._all:
            for kind in KINDS:
                if entity := entity_of(kind, record.event):
                    self._of.setdefault((kind, entity), []).append(record)

    def known(self, kind: str, entity: str, positions: Positions | None) -> list[Told]:
        """The first tellings that stand at or before the positions."""
        offsets = dict(zip(positions[::2], positions[1::2], strict=True)) if positions else {}
        first: dict[str, Told] = {}
        for record in self._of.get((kind, entity), []):
            if record.offset <= offsets.get(record.source, -1):
                first.setdefault(record.event.id, record)
        return list(first.values())

    def known_anywhere(self, positions: Positions | None) -> list[Event]:
        """Of everybody."""
        offsets = dict(zip(positions[::2], positions[1::2], strict=True)) if positions else {}
        return [told.event for told in self._all if told.offset <= offsets.get(told.source, -1)]

    def facts(self, kind: str, entity: str, positions: Positions) -> Facts:
        known = self.known(kind, entity, positions)
        times = [event_time_ms(record.event) for record in known]
        return Facts(
            version=len(known),
            known_at_ms=max(record.record_time_ms for record in known),
            first_seen_ms=min(times),
            last_seen_ms=max(times),
            positions=newest_places(known),
            saturated=is_saturated(kind, [record.event for record in known]),
        )

    def saturated(self, read: Read) -> set[str]:
        """The kinds of history that are outside the claim of equality."""
        transaction = read.transaction
        owners = {
            "card": self._past("card", transaction.card_id, read.card, read).after,
            "user": self._past("user", transaction.user_id, read.user, read).after,
            "device": self._past("device", transaction.device_id, read.device, read).after,
            "zone": self._events("zone", transaction.pickup_zone, read.zone),
        }
        found = {kind for kind, events in owners.items() if is_saturated(kind, events)}
        zones = [self._events("zone", zone_id, at) for zone_id, at in (read.platform or {}).items()]
        return found | ({"platform"} if any(is_saturated("zone", events) for events in zones) else set())

    def features(self, read: Read) -> dict[str, float]:
        """Every feature that can be told; what is missing is not in the answer."""
        transaction, t = read.transaction, read.as_of_ms
        card = self._past("card", transaction.card_id, read.card, read)
        user = self._past("user", transaction.user_id, read.user, read)
        device = self._past("device", transaction.device_id, read.device, read)
        zone = self._events("zone", transaction.pickup_zone, read.zone)
        profile = self._events("profile", transaction.user_id, read.profile)
        values = dict(of_the_transaction(transaction, t))
        for owner, past in (("card", card), ("user", user), ("device", device)):
            if past.before is not None:
                values |= windowed(owner, past.after, t)
        values |= of_the_card(card, t)
        values |= of_the_user(user.before, transaction, t)
        if device.before:
            values["device_age"] = seconds_since(min(map(event_time_ms, device.before)), t)
        if zone:
            values["zone_payments_5m"] = count(payments(in_window(zone, t, "5m")))
            values["zone_decline_rise"] = decline_rise(zone, t)
        if read.platform:
            everywhere = [
                event for at in read.platform for event in self._events("zone", at, read.platform[at])
            ]
            values["platform_decline_rise"] = decline_rise(everywhere, t)
        values |= of_the_ring(transaction.user_id, self.known_anywhere(read.ring))
        return values | of_the_profile(profile, transaction, t)

    def _events(self, kind: str, entity: str, positions: Positions | None) -> list[Event]:
        return [record.event for record in self.known(kind, entity, positions)]

    def _past(self, kind: str, entity: str, positions: Positions | None, read: Read) -> Past:
        before = self._events(kind, entity, positions)
        ids = {event.id for event in before}
        for event in read.in_flight:
            if entity_of(kind, event) == entity and event.id not in ids | {read.transaction.transaction_id}:
                before.append(event)
                ids.add(event.id)
        return Past(before or None, [*before, own_payment(read.transaction, read.as_of_ms)])


def newest_places(known: Iterable[Told]) -> list[int]:
    newest: dict[int, int] = {}
    for record in known:
        newest[record.source] = max(record.offset, newest.get(record.source, -1))
    return [number for place in sorted(newest.items()) for number in place]


def own_payment(transaction: Transaction, t: int) -> PaymentDecided:
    same = {name: getattr(transaction, name) for name in transaction.__struct_fields__}
    del same["requested_at_ms"]
    return PaymentDecided(
        id=transaction.transaction_id,
        event_time=from_ms(t),
        producer="oracle",
        decision_id="dec_oracle",
        verdict=Verdict.APPROVE,
        rung=Rung.R0,
        **same,
    )
