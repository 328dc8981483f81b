"""A model's life: from candidate to champion and out again, each step one allowed move."""

from enum import StrEnum
from hashlib import sha256

from msgspec import Struct


class ModelState(StrEnum):
    CANDIDATE = "candidate"  # registered, and nowhere in use
    SHADOW = "shadow"  # scores after the reply; nobody is decided by it
    CANARY = "canary"  # decides for a share of the riders
    CHAMPION = "champion"  # decides for everybody else
    RETIRED = "retired"


NEXT = {
    ModelState.CANDIDATE: {ModelState.SHADOW, ModelState.CANARY, ModelState.CHAMPION, ModelState.RETIRED},
    ModelState.SHADOW: {ModelState.CANARY, ModelState.CHAMPION, ModelState.RETIRED},
    ModelState.CANARY: {ModelState.SHADOW, ModelState.CHAMPION, ModelState.RETIRED},
    ModelState.CHAMPION: {ModelState.SHADOW, ModelState.RETIRED},
    ModelState.RETIRED: {ModelState.SHADOW, ModelState.CHAMPION},
}
SCORING = frozenset({ModelState.SHADOW, ModelState.CANARY, ModelState.CHAMPION})
CHANNEL = "models"  # every move, and every wish to have a model ready, is notified here


class Placement(Struct, frozen=True, kw_only=True):
    """Where a model stands from an instant on; `share` of the riders is for a canary alone."""

    version: str
    state: ModelState
    share: float = 0.0
    active_from_ms: int


def may_move(before: ModelState, after: ModelState) -> bool:
    return after in NEXT[before]


def is_canary_rider(version: str, user_id: str, share: float) -> bool:
    """The same riders for a model's whole life as a canary, and others for the next model."""
    draw = int.from_bytes(sha256(f"{version}/{user_id}".encode()).digest()[:8])
    return draw < share * 2**64
