"""What every step of a round works with."""

from dataclasses import dataclass
from pathlib import Path

from scoring.learning.rounds import Connection, Rounds
from scoring.learning.settings import LearningSettings
from scoring.registry import Registry

LEARNER = "learner"  # who moves models, in the registry


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """`scratch` is gone after the round; `now_ms` is by the database's clock.

    `maturity_ms` is longer than what was set by as much as the clock was set forward lately.
    """

    connection: Connection
    registry: Registry
    rounds: Rounds
    settings: LearningSettings
    scratch: Path
    now_ms: int
    maturity_ms: int

    @property
    def matured_before_ms(self) -> int:
        return self.now_ms - self.maturity_ms

    @property
    def since_ms(self) -> int:
        return self.now_ms - self.settings.recent_ms
