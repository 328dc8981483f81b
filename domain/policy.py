"""Where people have set review, challenge and decline to begin, in place of each model's own thresholds."""

from math import isfinite

from msgspec import Struct

from domain.errors import FaregateError
from domain.thresholds import Thresholds

MOST_REVIEWS_A_DAY = 1_000_000


class PolicyRefused(FaregateError):
    """A policy that cannot be put in force; the message says what is wrong with it."""


class Policy(Struct, frozen=True, kw_only=True):
    """Holds for every model that decides. Without thresholds each model goes by its own.

    `reviews_a_day` is what analysts can look at, None where nobody said; no verdict depends on it.
    """

    version: int = 0
    review: float | None = None
    challenge: float | None = None
    decline: float | None = None
    reviews_a_day: int | None = None

    @property
    def thresholds(self) -> Thresholds | None:
        if self.review is None or self.challenge is None or self.decline is None:
            return None
        return Thresholds(review=self.review, challenge=self.challenge, decline=self.decline)


def check(policy: Policy) -> None:
    """Raises PolicyRefused: thresholds in order and between 0 and 1, all three or none."""
    cuts = {name: getattr(policy, name) for name in ("review", "challenge", "decline")}
    missing = [name for name, cut in cuts.items() if cut is None]
    if missing and len(missing) < len(cuts):
        raise PolicyRefused(f"{missing[0]} has no threshold: give all three, or none for each model's own")
    for name, cut in cuts.items():
        if cut is not None and not (isfinite(cut) and 0 <= cut <= 1):
            raise PolicyRefused(f"{name} begins at {cut:g}: it must be a probability from 0 to 1")
    thresholds = policy.thresholds
    if thresholds and not thresholds.review <= thresholds.challenge <= thresholds.decline:
        raise PolicyRefused(
            f"review begins at {thresholds.review:g}, challenge at {thresholds.challenge:g}, decline at "
            f"{thresholds.decline:g}: none may begin above a severer one"
        )
    if policy.reviews_a_day is not None and not 0 <= policy.reviews_a_day <= MOST_REVIEWS_A_DAY:
        raise PolicyRefused(
            f"{policy.reviews_a_day} reviews a day: it must be from 0 to {MOST_REVIEWS_A_DAY:,}"
        )
