"""Waiting for a thing to come true, with a deadline and never for a fixed time."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")
PAUSE_S = 0.05


def eventually(look: Callable[[], Found], *, within_s: float = 30, what: str = "it") -> Found:
    """The first truthy answer of `look`; fails when none comes in time."""
    deadline = time.monotonic() + within_s
    while not (found := look()):
        assert time.monotonic() < deadline, f"{what} did not come true within {within_s} s"
        time.sleep(PAUSE_S)
    return found
