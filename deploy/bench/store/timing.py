"""How long one call takes."""

from collections.abc import Callable
from time import perf_counter


def seconds(call: Callable[[], object]) -> float:
    began = perf_counter()
    call()
    return perf_counter() - began
