"""Times, amounts and routes on the edges where features go wrong."""

from random import Random
from typing import Any

from domain.display import HOUR_MS, MINUTE_MS, SECOND_MS

LATENESS_MS, AHEAD_MS = HOUR_MS, 5 * MINUTE_MS


def awkward_time_ms(now_ms: int, choices: Random) -> int:
    """Mostly now; a little ahead of the clock, in time, just in time, too late."""
    roll = choices.random()
    if roll < 0.55:
        return now_ms
    if roll < 0.65:
        return now_ms + choices.choice([1, choices.randrange(AHEAD_MS), AHEAD_MS - 2 * SECOND_MS])
    if roll < 0.75:
        return now_ms - choices.randrange(MINUTE_MS)
    if roll < 0.87:
        return now_ms - choices.randrange(LATENESS_MS)
    if roll < 0.94:
        return now_ms - LATENESS_MS + choices.choice([-1, 0, 0, 1])
    return now_ms - LATENESS_MS - choices.randrange(30 * HOUR_MS)


def an_amount(choices: Random) -> int:
    return choices.choice([1, 1_023, 1_024, 1_850, 1_850, choices.randrange(1, 5_000), 1 << 24, 10**9])


def a_route(zones: list[str], choices: Random) -> dict[str, Any]:
    near = (40.71, -74.0)
    return {
        "pickup_zone": choices.choice(zones),
        "dropoff_zone": choices.choice(zones),
        "pickup_lat": choices.choice([near[0], choices.uniform(40.5, 40.9), choices.uniform(-90, 90)]),
        "pickup_lon": choices.choice([near[1], choices.uniform(-74.2, -73.8), choices.uniform(-180, 180)]),
        "distance_m": choices.choice([0, 99, 100, choices.randrange(50_000)]),
    }
