"""Who an entity has met: the ids seen most recently, each with the time it was last seen.

Two parallel lists ordered by (last seen, id); at most `CAP` entries, the oldest leave first.
"""

from bisect import bisect_right

CAP = 32


def seen(ids: list[str], times_ms: list[int], other: str, time_ms: int) -> tuple[list[str], list[int]]:
    """Copies of both lists with `other` seen at `time_ms`; the later of two sightings counts."""
    if ids and ids[-1] == other:
        if time_ms <= times_ms[-1]:
            return ids, times_ms
        return ids, [*times_ms[:-1], time_ms]
    if other in ids:
        at = ids.index(other)
        if times_ms[at] >= time_ms:
            return ids, times_ms
        ids, times_ms = ids[:at] + ids[at + 1 :], times_ms[:at] + times_ms[at + 1 :]
    else:
        ids, times_ms = ids[:], times_ms[:]
    at = _place(ids, times_ms, other, time_ms)
    ids.insert(at, other)
    times_ms.insert(at, time_ms)
    del ids[:-CAP], times_ms[:-CAP]
    return ids, times_ms


def _place(ids: list[str], times_ms: list[int], other: str, time_ms: int) -> int:
    """Where `(time_ms, other)` belongs in the order; new entries are nearly always last."""
    at = len(ids)
    while at and (times_ms[at - 1], ids[at - 1]) > (time_ms, other):
        at -= 1
    return at


def distinct_since(times_ms: list[int], edge_ms: int) -> int:
    """How many were seen after `edge_ms`."""
    return len(times_ms) - bisect_right(times_ms, edge_ms)
