"""City time: hours and weekdays in UTC, and spans in milliseconds."""

from random import Random

from domain.display import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS

EPOCH_WEEKDAY = 3  # the epoch was a Thursday


def hour_of(time_ms: int) -> int:
    return time_ms % DAY_MS // HOUR_MS


def weekday_of(time_ms: int) -> int:
    return (time_ms // DAY_MS + EPOCH_WEEKDAY) % 7


def seconds(rng: Random, shortest: float, longest: float) -> int:
    """Milliseconds, evenly drawn between two numbers of seconds."""
    return int(rng.uniform(shortest, longest) * SECOND_MS)


def minutes(rng: Random, shortest: float, longest: float) -> int:
    return int(rng.uniform(shortest, longest) * MINUTE_MS)
