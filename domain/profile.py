"""What a rider's account says of itself, as of its newest change."""

from copy import copy
from typing import Annotated

from msgspec import Meta, Struct, msgpack

from domain.events import AccountCreated, ProfileChanged, to_ms
from domain.positions import Position, advanced


class Profile(Struct, omit_defaults=True, kw_only=True):
    """Every field is a field of the Feast view user_profile."""

    epoch: Annotated[int, Meta(description="rises when a profile is rebuilt from nothing")] = 1
    version: Annotated[int, Meta(description="rises by one with each event that changed it")] = 0
    known_at_ms: Annotated[int, Meta(description="newest Kafka time of the events that changed it")] = 0
    account_created_ms: Annotated[int, Meta(description="when the account was created")] = 0
    home_zone: Annotated[str, Meta(description="the zone the rider calls home")] = ""
    rating_centi: Annotated[int, Meta(description="the rider's rating, hundredths of a star")] = 0
    valid_from_ms: Annotated[int, Meta(description="since when home zone and rating hold")] = 0
    last_event_id: Annotated[str, Meta(description="the event they came from")] = ""
    positions: Annotated[list[int], Meta(description="newest offset of each source partition")] = []


_encoder = msgpack.Encoder()
_decoder = msgpack.Decoder(Profile)


def encode_profile(profile: Profile) -> bytes:
    return _encoder.encode(profile)


def decode_profile(payload: bytes) -> Profile:
    return _decoder.decode(payload)


def fold_profile(
    profile: Profile | None,
    event: AccountCreated | ProfileChanged,
    known_at_ms: int,
    position: Position | None = None,
    *,
    epoch: int = 1,
) -> Profile:
    """The newest (valid_from, id) wins in any order of arrival; the same object if nothing changed.

    Only `version` and `known_at_ms` depend on the order: an event that comes after a newer one may change
    nothing and is then not counted, so they are equal for equal sequences of events, not for equal sets.
    """
    profile = profile or Profile(epoch=epoch)
    draft = copy(profile)
    valid_from_ms = to_ms(event.valid_from)
    if isinstance(event, AccountCreated):
        draft.account_created_ms = min(draft.account_created_ms or valid_from_ms, valid_from_ms)
    if (valid_from_ms, event.id) > (draft.valid_from_ms, draft.last_event_id):
        draft.valid_from_ms, draft.last_event_id = valid_from_ms, event.id
        draft.home_zone, draft.rating_centi = event.home_zone, event.rating_centi
    if draft == profile:
        return profile
    draft.version += 1
    draft.known_at_ms = max(draft.known_at_ms, known_at_ms)
    if position:
        draft.positions = advanced(draft.positions, position)
    return draft
