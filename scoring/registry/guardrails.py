"""Whether a canary may go on: its pace, what it declines, and how it scores, beside the champion's.

Riders are dealt to the two by a hash, so both meet the same mix of payments. A limit is broken when the
difference is too great and chance alone would hardly make it so: a canary on few riders must not fail by bad
luck.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg.rows import tuple_row

from domain.decision import Verdict
from domain.display import percent
from scoring.queries import queries_of

MOST_DECISIONS = 20_000  # of each, the newest
# Edges of what a probability means to people; most payments are in the first.
EDGES = np.array([0.005, 0.02, 0.05, 0.1, 0.3, 0.6])
query = queries_of(__file__)

Standing = Literal["ok", "too few", "breach"]


@dataclass(frozen=True, kw_only=True)
class Limits:
    least_decisions: int = 200
    p99_times: float = 1.5
    p99_more_us: int = 5_000
    decline_times: float = 2.0
    decline_more: float = 0.01  # of all payments
    psi: float = 0.25
    luck: float = 0.001  # chance with which one that is within a limit may be taken for a breach


@dataclass(frozen=True, kw_only=True)
class Decided:
    """What one model decided, an entry a payment: microseconds, whether declined, probability of fraud."""

    latencies_us: NDArray[np.int64]
    declined: NDArray[np.bool_]
    probabilities: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.probabilities)

    @property
    def p99_us(self) -> int:
        return int(np.quantile(self.latencies_us, 0.99)) if len(self) else 0

    @property
    def decline_rate(self) -> float:
        return float(self.declined.mean()) if len(self) else 0.0


@dataclass(frozen=True, kw_only=True)
class Health:
    """`standing` is ok, too few, or breach; `why` says so in a sentence."""

    standing: Standing
    why: str
    canary: Decided
    champion: Decided


def canary_health(
    connection: psycopg.Connection[Any],
    version: str,
    champion: str,
    since: datetime,
    limits: Limits | None = None,
) -> Health:
    """Of what both decided since an instant, payments of test keys left out."""
    wanted = {"version": version, "champion": champion, "since": since, "most": MOST_DECISIONS}
    with connection.cursor(row_factory=tuple_row) as cursor:
        rows = cursor.execute(query("decided"), wanted).fetchall()
    return compare(_decided(rows, version), _decided(rows, champion), limits or Limits())


def compare(canary: Decided, champion: Decided, limits: Limits) -> Health:
    least = min(len(canary), len(champion))
    if least < limits.least_decisions:
        fewer = "canary" if len(canary) < limits.least_decisions else "champion"
        why = f"the {fewer} decided {least} payments, {limits.least_decisions} are needed to judge"
        return Health(standing="too few", why=why, canary=canary, champion=champion)
    breach = _pace(canary, champion, limits) or _declines(canary, champion, limits)
    breach = breach or _scores(canary, champion, limits)
    fine = (
        f"of {len(canary)} payments it declined {percent(canary.decline_rate)} (champion "
        f"{percent(champion.decline_rate)}), p99 {_ms(canary.p99_us)} (champion {_ms(champion.p99_us)})"
    )
    return Health(standing="breach" if breach else "ok", why=breach or fine, canary=canary, champion=champion)


def psi(expected: NDArray[np.float64], found: NDArray[np.float64]) -> float:
    """Population stability index of two samples of probabilities over EDGES."""
    old, new = (_shares(probabilities) for probabilities in (expected, found))
    return float(((new - old) * np.log(new / old)).sum())


def _pace(canary: Decided, champion: Decided, limits: Limits) -> str | None:
    allowed_us = max(limits.p99_times * champion.p99_us, champion.p99_us + limits.p99_more_us)
    slow = int((canary.latencies_us > allowed_us).sum())
    if _chance_of_so_many(slow, len(canary), 0.01) >= limits.luck:
        return None
    return (
        f"it is slow: {slow} of {len(canary)} payments took over {_ms(allowed_us)}, one in a hundred may; "
        f"the champion's p99 is {_ms(champion.p99_us)}"
    )


def _declines(canary: Decided, champion: Decided, limits: Limits) -> str | None:
    usual, found = champion.decline_rate, canary.decline_rate
    most = max(limits.decline_times * usual, usual + limits.decline_more)
    least = min(usual / limits.decline_times, usual - limits.decline_more)
    declined = int(canary.declined.sum())
    if _chance_of_so_many(declined, len(canary), most) < limits.luck:
        return f"it declines {percent(found)} of payments, the champion {percent(usual)}"
    if least > 0 and _chance_of_so_many(len(canary) - declined, len(canary), 1 - least) < limits.luck:
        return f"it declines only {percent(found)} of payments, the champion {percent(usual)}"
    return None


def _scores(canary: Decided, champion: Decided, limits: Limits) -> str | None:
    from scipy.stats import chi2

    found = psi(champion.probabilities, canary.probabilities)
    noise = float(chi2.isf(limits.luck, len(EDGES))) * (1 / len(canary) + 1 / len(champion))
    allowed = max(limits.psi, noise)
    if found <= allowed:
        return None
    return f"its scores are spread otherwise than the champion's: PSI {found:.2f}, {allowed:.2f} is allowed"


def _chance_of_so_many(number: int, of: int, share: float) -> float:
    """That at least `number` of so many do what each does with the chance `share`."""
    from scipy.stats import binom

    return float(binom.sf(number - 1, of, min(1.0, share)))


def _shares(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    counted = np.bincount(np.searchsorted(EDGES, probabilities, side="right"), minlength=len(EDGES) + 1) + 0.5
    return np.asarray(counted / counted.sum())


def _decided(rows: list[tuple[Any, ...]], version: str) -> Decided:
    own = [row for row in rows if row[0] == version]
    return Decided(
        latencies_us=np.array([row[1] for row in own], np.int64),
        declined=np.array([row[2] == Verdict.DECLINE for row in own], np.bool_),
        probabilities=np.array([row[3] for row in own], np.float64),
    )


def _ms(microseconds: float) -> str:
    return f"{microseconds / 1000:.1f} ms"
