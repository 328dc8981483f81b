"""How the time of one decision is shared."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Deadline:
    """All in seconds; the read may take what the others leave."""

    total_s: float = 0.050
    write_s: float = 0.015
    assess_s: float = 0.004
    secure_s: float = 0.012

    def read_s(self, elapsed_s: float) -> float:
        return self.total_s - self.write_s - self.assess_s - elapsed_s

    def leaves_time_to_assess(self, elapsed_s: float) -> bool:
        return elapsed_s < self.total_s - self.write_s

    def score_s(self, elapsed_s: float) -> float:
        return self.total_s - self.write_s - elapsed_s

    def keep_s(self, elapsed_s: float) -> float:
        """For PostgreSQL; then there must be time left to secure the journal."""
        return self.total_s - self.secure_s - elapsed_s
