"""What the dial page knows: what is in force, and the payments of a period."""

from dataclasses import dataclass
from datetime import datetime

from msgspec import Struct

from app.policies.store import PolicyVersion
from domain.policy import Policy
from domain.thresholds import Thresholds
from scoring.dial.past import Past
from scoring.dial.setting import Setting

NOTHING_STOPS = Thresholds(review=1.0, challenge=1.0, decline=1.0)


class Champion(Struct, frozen=True, kw_only=True):
    """The model in charge and its own thresholds."""

    version: str
    thresholds: Thresholds


class Standing(Struct, frozen=True, kw_only=True):
    """What is in force, and what was, the newest first."""

    policy: Policy | None
    champion: Champion | None
    history: list[PolicyVersion]

    @property
    def version(self) -> int:
        return self.policy.version if self.policy else 0

    @property
    def is_own(self) -> bool:
        """Whether models go by their own thresholds."""
        return self.policy is None or self.policy.thresholds is None

    @property
    def present(self) -> Setting:
        own = self.champion.thresholds if self.champion else NOTHING_STOPS
        thresholds = (self.policy.thresholds if self.policy else None) or own
        return Setting(
            thresholds=thresholds, reviews_a_day=self.policy.reviews_a_day if self.policy else None
        )


@dataclass(frozen=True, kw_only=True)
class Period:
    """The payments of the last `days` as they were known at `read_at`.

    Approved payments are `one_in` of so many, each counted for all. `left_out` says of how many payments
    nothing is counted, and why.
    """

    days: int
    read_at: datetime
    past: Past | None
    one_in: float
    left_out: dict[str, int]
