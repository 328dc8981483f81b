"""Which histories are told at most so often, because many events a second come to each of them."""

TOLD_EVERY_MS = {"zone": 250}


def next_telling_ms(kind: str, now_ms: int) -> int | None:
    """When a change made now is told; None is at once."""
    every_ms = TOLD_EVERY_MS.get(kind)
    return None if every_ms is None else (now_ms // every_ms + 1) * every_ms
