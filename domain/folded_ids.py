"""Which events a history holds already: short digests of their ids, in slots of time, each slot sorted.

A repeat bears the time of the first telling, so that only one slot need be searched. Digests of eight bytes
are mistaken for one another once in 10^19 pairs.
"""

from bisect import bisect_left
from functools import lru_cache
from hashlib import blake2b

from msgspec import Struct

from domain.display import DAY_MS, HOUR_MS, MINUTE_MS

DIGEST_BYTES = 8
LATENESS_HORIZON_MS = HOUR_MS


class Memory(Struct, frozen=True, kw_only=True):
    """How long ids are kept, in slots of which length, and how many a slot may hold."""

    kept_ms: int
    slot_ms: int
    cap: int


# An outbox that was away for a day sends again what it sent before; a zone would drown in ids kept that long.
MEMORY = {
    "card": Memory(kept_ms=DAY_MS + LATENESS_HORIZON_MS, slot_ms=HOUR_MS, cap=128),
    "user": Memory(kept_ms=DAY_MS + LATENESS_HORIZON_MS, slot_ms=HOUR_MS, cap=128),
    "device": Memory(kept_ms=DAY_MS + LATENESS_HORIZON_MS, slot_ms=HOUR_MS, cap=128),
    "zone": Memory(kept_ms=2 * LATENESS_HORIZON_MS, slot_ms=5 * MINUTE_MS, cap=64),
}


@lru_cache(maxsize=1024)  # an event is folded into up to four histories
def digest(event_id: str) -> bytes:
    return blake2b(event_id.encode(), digest_size=DIGEST_BYTES).digest()


def holds(slots: list[int], blobs: list[bytes], slot: int, wanted: bytes) -> bool:
    """Whether `wanted` is in its slot; `slots` and `blobs` are parallel and in order of time."""
    at = bisect_left(slots, slot)
    if at == len(slots) or slots[at] != slot:
        return False
    blob = blobs[at]
    found = blob.find(wanted)
    while found >= 0 and found % DIGEST_BYTES:
        found = blob.find(wanted, found + 1)
    return found >= 0


def with_id(
    slots: list[int], blobs: list[bytes], slot: int, added: bytes, *, oldest: int, cap: int
) -> tuple[list[int], list[bytes], bool]:
    """Copies of both lists with `added` in its slot, less the slots before `oldest`; and whether it was full.

    A full slot keeps its largest digests, so that what it holds does not depend on the order.
    """
    expired = bisect_left(slots, oldest)
    slots, blobs = slots[expired:], blobs[expired:]
    if slot < oldest:
        return slots, blobs, False
    at = bisect_left(slots, slot)
    if at == len(slots) or slots[at] != slot:
        slots.insert(at, slot)
        blobs.insert(at, added)
        return slots, blobs, False
    blob = _inserted(blobs[at], added)
    full = len(blob) > cap * DIGEST_BYTES
    blobs[at] = blob[DIGEST_BYTES:] if full else blob
    return slots, blobs, full


def _inserted(blob: bytes, added: bytes) -> bytes:
    low, high = 0, len(blob) // DIGEST_BYTES
    while low < high:
        middle = (low + high) // 2
        at = middle * DIGEST_BYTES
        if blob[at : at + DIGEST_BYTES] < added:
            low = middle + 1
        else:
            high = middle
    at = low * DIGEST_BYTES
    return blob[:at] + added + blob[at:]
