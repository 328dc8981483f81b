"""What the builder of rings keeps, and what one batch of records changes of it."""

from collections.abc import Mapping

from msgspec import Struct

from domain.errors import Retryable
from domain.links import Link
from domain.ring import Ring


class RebuiltMeanwhile(Retryable):
    """Rings were begun anew from nothing by somebody else."""


class KnownLink(Struct, frozen=True, kw_only=True):
    """The least time of the events that tell it, that of their records, and where it was told first."""

    link: Link
    at_ms: int
    known_at_ms: int
    source: int
    offset: int


class Member(Struct, frozen=True, kw_only=True):
    """A rider's row; `joined_at_ms` is since when anything is shared, or else when first heard of."""

    user_id: str
    ring: Ring
    joined_at_ms: int


class Reached(Struct, frozen=True, kw_only=True):
    """How far a source partition was read."""

    next_offset: int
    read_until_ms: int


class Known(Struct, frozen=True, kw_only=True):
    epoch: int = 1
    links: tuple[KnownLink, ...] = ()
    members: tuple[Member, ...] = ()
    reached: Mapping[int, Reached] = {}  # by source


class Change(Struct, frozen=True, kw_only=True):
    """All of it is kept, or nothing; each member goes into the outbox, too."""

    epoch: int
    links: tuple[KnownLink, ...]
    members: tuple[Member, ...]
    reached: Mapping[int, Reached]
