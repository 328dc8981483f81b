"""One event into one history, bytes in and bytes out."""

from typing import cast

from msgspec import Struct

from domain.events import AccountCreated, Event, ProfileChanged
from domain.history import HistoryKind, decode_history, encode_history, fold
from domain.positions import Position
from domain.profile import decode_profile, encode_profile, fold_profile


class Folded(Struct, frozen=True, kw_only=True):
    epoch: int
    version: int
    known_at_ms: int
    payload: bytes


def fold_payload(
    kind: str,
    payload: bytes | None,
    event: Event,
    known_at_ms: int,
    position: Position | None = None,
    *,
    epoch: int = 1,
) -> Folded | None:
    """The history after the event, or None when the event was in it before."""
    if kind == "profile":
        change = cast("AccountCreated | ProfileChanged", event)
        return _fold_profile(payload, change, known_at_ms, position, epoch)
    before = decode_history(payload) if payload else None
    after = fold(cast("HistoryKind", kind), before, event, known_at_ms, position, epoch=epoch)
    if after is before:
        return None
    return Folded(
        epoch=after.epoch,
        version=after.version,
        known_at_ms=after.known_at_ms,
        payload=encode_history(after),
    )


def _fold_profile(
    payload: bytes | None,
    event: AccountCreated | ProfileChanged,
    known_at_ms: int,
    position: Position | None,
    epoch: int,
) -> Folded | None:
    before = decode_profile(payload) if payload else None
    after = fold_profile(before, event, known_at_ms, position, epoch=epoch)
    if after is before:
        return None
    return Folded(
        epoch=after.epoch,
        version=after.version,
        known_at_ms=after.known_at_ms,
        payload=encode_profile(after),
    )
