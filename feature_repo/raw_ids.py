"""What replay looks for in a record's body without reading it as an event: whose it is, and of when."""

from datetime import datetime
from typing import Annotated

from msgspec import DecodeError, Meta, Struct, json


class RawIds(Struct, frozen=True, gc=False):
    """Every field is optional: no event has them all, and a body may be no event."""

    type: str | None = None
    event_time: Annotated[datetime, Meta(tz=True)] | None = None
    user_id: str | None = None
    card_id: str | None = None
    device_id: str | None = None
    pickup_zone: str | None = None
    zone_id: str | None = None

    @property
    def zone(self) -> str | None:
        return self.pickup_zone or self.zone_id


NOTHING = RawIds()
_decoder = json.Decoder(RawIds)


def ids_of(body: bytes | None) -> RawIds:
    try:
        return _decoder.decode(body or b"")
    except (DecodeError, UnicodeDecodeError, RecursionError):
        return NOTHING
