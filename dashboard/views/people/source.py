"""Where the people page reads."""

from collections.abc import Callable
from dataclasses import dataclass

from msgspec import Struct

from app.desk.audit import Told
from app.desk.people_store import Listed


class Asked(Struct, frozen=True, kw_only=True):
    """Of the audit trail: one person's, of one action, what came before a deed; None is all."""

    person_id: str | None = None
    action: str | None = None
    before_id: int | None = None
    most: int


@dataclass(frozen=True, kw_only=True)
class Source:
    """Both raise ReadingsUnavailable."""

    everybody: Callable[[], list[Listed]]
    trail: Callable[[Asked], list[Told]]
