"""Streams of stories that begin at random: honest ones as they come, attacks as their share allows."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from random import Random

from data_generator.crowd import Crowd
from data_generator.mix import Kind, draw_kind, payments_soon
from domain.display import MINUTE_MS

FIRST_ATTACK_MS = 2_500
LATER_MS = 45 * MINUTE_MS


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """A story of this kind whose first payment is due `after_ms` milliseconds after the start."""

    after_ms: float
    kind: Kind
    crowd: Crowd


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """Milliseconds after the start."""

    from_ms: float = 0.0
    until_ms: float = inf


ALWAYS = Span()


def among(kinds: tuple[Kind, ...]) -> float:
    """What the shares of `kinds` add up to, which is not 1 for a choice of them."""
    return sum(kind.share for kind in kinds)


def honest_calls(
    kinds: tuple[Kind, ...], payments_s: float, crowd: Crowd, rng: Random, span: Span = ALWAYS
) -> Iterator[Call]:
    """Stories arrive at random so that about `payments_s` payments a second come."""
    gap_ms = 1000 * payments_soon(kinds) / among(kinds) / payments_s
    at_ms = span.from_ms
    while (at_ms := at_ms + rng.expovariate(1 / gap_ms)) < span.until_ms:
        yield Call(after_ms=at_ms, kind=draw_kind(kinds, rng), crowd=crowd)


def attack_calls(
    kinds: tuple[Kind, ...],
    payments_s: float,
    crowd: Crowd,
    rng: Random,
    *,
    first: Kind | None = None,
    from_ms: float = 0.0,
) -> Iterator[Call]:
    """`first` at once, then each attack waits until its payments fit into `payments_s`.

    What of an attack does not come soon is counted when it does, `LATER_MS` after its first payment.
    """
    if not kinds:
        return
    budget, at_ms = _Budget(payments_s / 1000, from_ms), from_ms + FIRST_ATTACK_MS
    kind = first or draw_kind(kinds, rng)
    while True:
        yield Call(after_ms=at_ms, kind=kind, crowd=crowd)
        budget.spend(kind, at_ms)
        kind = draw_kind(kinds, rng)
        at_ms = budget.affords(kind.soon * rng.uniform(0.7, 1.3), at_ms)


class _Budget:
    """So many payments a millisecond for attacks, and when those already begun use it up."""

    def __init__(self, payments_ms: float, from_ms: float) -> None:
        self._payments_ms = payments_ms
        self._from_ms = from_ms
        self._spent = 0.0
        self._later: deque[tuple[float, float]] = deque()

    def spend(self, kind: Kind, at_ms: float) -> None:
        self._spent += kind.soon
        self._later.append((at_ms + LATER_MS, kind.payments - kind.soon))

    def affords(self, payments: float, at_ms: float) -> float:
        """The first time from `at_ms` on at which so many more payments fit."""
        while True:
            time_ms = max(at_ms, self._from_ms + (self._spent + payments) / self._payments_ms)
            if not self._later or self._later[0][0] > time_ms:
                return time_ms
            self._spent += self._later.popleft()[1]
