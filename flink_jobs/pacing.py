"""Which histories are told at most so often, because many events a second come to each of them.

A zone is everybody's; a saturated history is under attack, and would make its neighbours wait.
"""

from flink_jobs.folding import Folded

TOLD_EVERY_MS = 250
CROWDED = {"zone"}


def next_telling_ms(kind: str, folded: Folded, now_ms: int) -> int | None:
    """When a change made now is told; None is at once."""
    if kind in CROWDED or folded.saturated:
        return (now_ms // TOLD_EVERY_MS + 1) * TOLD_EVERY_MS
    return None
