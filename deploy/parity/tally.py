"""What a replay or a check found, added up."""

from collections import Counter
from typing import Any

from deploy.parity.comparison import Difference, Judged

SHOWN_AT_MOST = 50


class Tally:
    """`decisions` were computed again; each is as known, or differs, or differs only where no equality is
    claimed."""

    def __init__(self) -> None:
        self.decisions = 0
        self.as_known = 0
        self.differing = 0
        self.saturated = 0
        self.asked_in_hindsight = 0
        self.with_hindsight = 0
        self.differences: list[Difference] = []  # the first of them
        self.moved_by_hindsight: Counter[str] = Counter()  # decisions, by feature
        self.not_archived_yet = 0
        self.left_out: Counter[str] = Counter()  # decisions, by reason

    def take(self, judged: Judged) -> None:
        self.decisions += 1
        self.as_known += judged.as_known
        self.differing += bool(judged.differences)
        self.saturated += judged.saturated
        room = SHOWN_AT_MOST - len(self.differences)
        self.differences += judged.differences[:room]
        if judged.hindsight is not None:
            self.asked_in_hindsight += 1
            self.with_hindsight += not judged.hindsight
            self.moved_by_hindsight.update(judged.hindsight)

    @property
    def outside(self) -> int:
        """Decisions that differ in features of saturated histories only."""
        return self.decisions - self.as_known - self.differing

    def as_dict(self) -> dict[str, Any]:
        asked = self.asked_in_hindsight > 0
        return {
            "decisions": self.decisions,
            "as_known": self.as_known,
            "with_hindsight": self.with_hindsight if asked else None,
            "differences": self.differing,
            "saturated": self.saturated,
            "saturated_different": self.outside,
            "not_archived_yet": self.not_archived_yet,
            "left_out": dict(self.left_out),
            "moved_by_hindsight": dict(self.moved_by_hindsight.most_common(10)) if asked else None,
        }
