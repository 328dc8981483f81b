"""A model as the registry knows it, a move it made, and a promotion that went through."""

from datetime import datetime
from typing import Literal, TypeAlias

from msgspec import Struct

from domain.models import ModelState

Kind: TypeAlias = Literal["offline", "recent"]


class RegisteredModel(Struct, frozen=True, kw_only=True):
    """`state` is where its newest move put it, from `active_from_ms` on; `share` of the riders is a canary's.

    `data_from` and `data_until` bound the payments it learned from. A `recent` model is some trees on top of
    the offline model `base_version`.
    """

    version: str
    kind: Kind
    base_version: str | None
    state: ModelState
    share: float
    active_from_ms: int
    data_from: datetime
    data_until: datetime
    code_version: str
    metrics: dict[str, float]
    registered_at: datetime
    registered_by: str


class Move(Struct, frozen=True, kw_only=True):
    """`from_state` is None for a model's registration."""

    version: str
    from_state: ModelState | None
    to_state: ModelState
    share: float
    moved_by: str
    why: str
    moved_at: datetime
    active_from: datetime


class Promotion(Struct, frozen=True, kw_only=True):
    """`processes` of the API have `version` ready and decide by it from `active_from_ms` on; `former` is who
    was champion until then."""

    version: str
    former: str | None
    active_from_ms: int
    processes: tuple[str, ...]
