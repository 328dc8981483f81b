import pytest

from flink_jobs.folding import Folded
from flink_jobs.pacing import TOLD_EVERY_MS, next_telling_ms

CALM = Folded(epoch=1, version=1, known_at_ms=0, payload=b"")
SATURATED = Folded(epoch=1, version=200, known_at_ms=0, payload=b"", saturated=True)


def test_only_zones_wait() -> None:
    kinds = ("card", "user", "device", "zone", "profile")
    assert {kind for kind in kinds if next_telling_ms(kind, CALM, 0)} == {"zone"}


@pytest.mark.parametrize(("kind", "folded"), [("zone", CALM), ("card", SATURATED), ("user", SATURATED)])
def test_what_is_crowded_is_told_at_the_next_quarter_of_a_second(kind: str, folded: Folded) -> None:
    assert TOLD_EVERY_MS == 250
    told = [next_telling_ms(kind, folded, now_ms) for now_ms in (1_000, 1_001, 1_249, 1_250)]
    assert told == [1_250, 1_250, 1_250, 1_500]
