from event_factories import NOW_MS
from hypothesis import given
from hypothesis import strategies as st

from domain.topics import LABELS, SOURCES
from flink_jobs.watermarks import EMIT_EVERY_MS, LowWatermark

PARTITIONS = [(topic.name, partition) for topic in SOURCES for partition in range(topic.partitions)]


def reported(*, at_ms: int = NOW_MS) -> LowWatermark:
    """Every partition has told once, and the first low watermark is out."""
    low = LowWatermark()
    told = [low.advance(*source, at_ms) for source in PARTITIONS]
    assert told == [None] * (len(PARTITIONS) - 1) + [at_ms]
    return low


def advance_all(low: LowWatermark, time_ms: int) -> list[int]:
    told = [low.advance(*source, time_ms) for source in PARTITIONS]
    return [time for time in told if time is not None]


def test_nothing_is_told_until_every_partition_has_reported() -> None:
    low = LowWatermark()
    for _ in range(3):
        assert all(low.advance(*source, NOW_MS) is None for source in PARTITIONS[1:])
    assert low.advance(*PARTITIONS[0], NOW_MS) == NOW_MS


def test_the_slowest_partition_decides() -> None:
    low = reported()
    for source in PARTITIONS[:-1]:
        assert low.advance(*source, NOW_MS + 60_000) is None
    assert low.advance(*PARTITIONS[-1], NOW_MS + 5_000) == NOW_MS + 5_000


def test_it_is_told_at_most_eight_times_a_second() -> None:
    low = reported()
    assert advance_all(low, NOW_MS + EMIT_EVERY_MS - 1) == []
    assert advance_all(low, NOW_MS + EMIT_EVERY_MS) == [NOW_MS + EMIT_EVERY_MS]


def test_a_heartbeat_of_the_past_takes_nothing_back() -> None:
    low = reported()
    assert advance_all(low, NOW_MS - 60_000) == []
    assert advance_all(low, NOW_MS + 1_000) == [NOW_MS + 1_000]


def test_a_partition_we_do_not_read_says_nothing() -> None:
    low = reported()
    assert low.advance(LABELS.name, LABELS.partitions, NOW_MS + 60_000) is None
    assert low.advance("somebody.elses.v1", 0, NOW_MS + 60_000) is None
    assert advance_all(low, NOW_MS + 1_000) == [NOW_MS + 1_000]


@given(
    beats=st.lists(st.tuples(st.sampled_from(PARTITIONS), st.integers(NOW_MS, NOW_MS + 3_000)), max_size=200)
)
def test_what_is_told_only_rises_and_never_passes_the_slowest(
    beats: list[tuple[tuple[str, int], int]],
) -> None:
    low, newest = LowWatermark(), dict.fromkeys(PARTITIONS, 0)
    last_ms = 0
    for source, time_ms in beats:
        newest[source] = max(newest[source], time_ms)
        told_ms = low.advance(*source, time_ms)
        if told_ms is not None:
            assert told_ms >= last_ms + EMIT_EVERY_MS
            assert told_ms == min(newest.values())
            last_ms = told_ms
