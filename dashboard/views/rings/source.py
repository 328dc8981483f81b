"""Where the rings page reads, and who does its deeds."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import NoReturn, Protocol

from app.desk.people import Person
from app.desk.rings import RingDone, RingWord
from dashboard.views.rings.readings import Ring, RingRow


class Rings(Protocol):
    """What of app.desk.rings.RingDesk this page uses."""

    def decide(
        self, ring_id: str, word: RingWord, *, seen: Collection[str], person_id: str, key: str
    ) -> RingDone: ...


@dataclass(frozen=True, kw_only=True)
class Source:
    """What reads raises ReadingsUnavailable; `desk` raises DeskRefused and DeskUnavailable.

    `rings` are in the order that it is given; `signed_in` is who acts now, None after the session's end.
    """

    rings: Callable[[str], list[RingRow]]
    ring: Callable[[str], Ring | None]
    desk: Rings
    signed_in: Callable[[], Person | None]
    open_case: Callable[[str], NoReturn]
