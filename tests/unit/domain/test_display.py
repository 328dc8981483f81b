import pytest
from event_factories import NOW_MS

from domain.display import DAY_MS, HOUR_MS, MINUTE_MS, clock, count, duration_ms, percent, timestamp


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "0 ms"),
        (340, "340 ms"),
        (999.4, "999 ms"),
        (1_000, "1.0 s"),
        (2_449, "2.4 s"),
        (59_949, "59.9 s"),
        (MINUTE_MS, "1 min"),
        (12 * MINUTE_MS, "12 min"),
        (119 * MINUTE_MS, "119 min"),
        (2 * HOUR_MS, "2 h"),
        (47 * HOUR_MS, "47 h"),
        (2 * DAY_MS, "2 d"),
        (4_000 * DAY_MS, "4,000 d"),
    ],
)
def test_durations(milliseconds: float, text: str) -> None:
    assert duration_ms(milliseconds) == text


def test_counts_and_shares() -> None:
    assert count(0) == "0"
    assert count(1_234_567) == "1,234,567"
    assert percent(0.1234) == "12.3 %"
    assert percent(1) == "100.0 %"


def test_times_are_written_in_utc() -> None:
    assert clock(NOW_MS) == "14:13:20"
    assert timestamp(NOW_MS) == "2026-09-21 14:13:20 UTC"
