"""One event into one history, bytes in and bytes out."""

from typing import cast

from msgspec import Struct, msgpack

from domain.events import AccountCreated, Event, ProfileChanged
from domain.fold import fold
from domain.history import History, HistoryKind, decode_history, encode_history
from domain.positions import Position
from domain.profile import Profile, decode_profile, encode_profile, fold_profile

PROFILE = "profile"


class Folded(Struct, frozen=True, kw_only=True):
    epoch: int
    version: int
    known_at_ms: int
    payload: bytes
    saturated: bool = False


class _Heading(Struct):
    """What every payload says of itself, with the defaults that a payload leaves out."""

    epoch: int = 1
    version: int = 0
    known_at_ms: int = 0
    saturated: bool = False


_headings = msgpack.Decoder(_Heading)


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
    before: History | Profile | None
    after: History | Profile
    if kind == PROFILE:
        change = cast("AccountCreated | ProfileChanged", event)
        before = decode_profile(payload) if payload else None
        after = fold_profile(before, change, known_at_ms, position, epoch=epoch)
    else:
        before = decode_history(payload) if payload else None
        after = fold(cast("HistoryKind", kind), before, event, known_at_ms, position, epoch=epoch)
    return None if after is before else _as_told(after)


def _as_told(after: History | Profile) -> Folded:
    payload = encode_profile(after) if isinstance(after, Profile) else encode_history(after)
    return Folded(
        epoch=after.epoch,
        version=after.version,
        known_at_ms=after.known_at_ms,
        payload=payload,
        saturated=isinstance(after, History) and after.saturated,
    )


def read_folded(payload: bytes) -> Folded:
    """A history of any kind as it was folded last."""
    heading = _headings.decode(payload)
    return Folded(
        epoch=heading.epoch,
        version=heading.version,
        known_at_ms=heading.known_at_ms,
        payload=payload,
        saturated=heading.saturated,
    )
