"""Counts, shares and times, written the same everywhere."""

from datetime import UTC, datetime

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


def count(number: float) -> str:
    return f"{number:,.0f}"


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def duration_ms(milliseconds: float) -> str:
    """The two figures a person needs: "340 ms", "2.4 s", "12 min", "5 h", "3 d"."""
    if milliseconds < SECOND_MS:
        return f"{milliseconds:.0f} ms"
    if milliseconds < MINUTE_MS:
        return f"{milliseconds / SECOND_MS:.1f} s"
    if milliseconds < 2 * HOUR_MS:
        return f"{milliseconds / MINUTE_MS:.0f} min"
    if milliseconds < 2 * DAY_MS:
        return f"{milliseconds / HOUR_MS:.0f} h"
    return f"{milliseconds / DAY_MS:,.0f} d"


def clock(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%H:%M:%S")


def timestamp(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
