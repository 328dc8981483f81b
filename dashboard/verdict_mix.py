"""How the verdicts are mixed over a period, in shares and in slices of time."""

from datetime import datetime, timedelta

from msgspec import Struct

from dashboard.readings import AlertBucket, VerdictTotal
from dashboard.wording import VERDICTS
from domain.decision import Verdict
from domain.display import clock, count, percent
from domain.events import to_ms

ALERTS = (Verdict.DECLINE, Verdict.CHALLENGE, Verdict.REVIEW)  # as they are stacked, from below


class Share(Struct, frozen=True, kw_only=True):
    verdict: Verdict
    payments: str
    share: str


class Bar(Struct, frozen=True, kw_only=True):
    """`heights` are shares of the chart's height, 0 to 1, by verdict."""

    heights: dict[Verdict, float]
    tip: str


class Mix(Struct, frozen=True, kw_only=True):
    shares: list[Share]
    bars: list[Bar]
    most: int
    starts: str
    ends: str


def mix(
    verdicts: list[VerdictTotal], buckets: list[AlertBucket], *, now: datetime, width: timedelta, bars: int
) -> Mix:
    """`bars` slices of `width`, the last of which holds `now`; slices without alerts are empty bars."""
    starts = slice_starts(now, width, bars)
    counts = {start: dict.fromkeys(ALERTS, 0) for start in starts}
    for bucket in buckets:
        if bucket.starts_at in counts:
            counts[bucket.starts_at][bucket.verdict] = bucket.payments
    most = max(sum(slice_.values()) for slice_ in counts.values())
    return Mix(
        shares=shares(verdicts),
        bars=[_bar(start, slice_, most) for start, slice_ in counts.items()],
        most=most,
        starts=clock(to_ms(starts[0])),
        ends=clock(to_ms(now)),
    )


def shares(verdicts: list[VerdictTotal]) -> list[Share]:
    payments = {row.verdict: row.payments for row in verdicts}
    total = sum(payments.values())
    return [
        Share(
            verdict=verdict,
            payments=count(payments.get(verdict, 0)),
            share=percent(payments.get(verdict, 0) / total) if total else "",
        )
        for verdict in Verdict
    ]


def slice_starts(now: datetime, width: timedelta, bars: int) -> list[datetime]:
    """As date_bin from the epoch cuts them."""
    epoch = datetime.fromtimestamp(0, now.tzinfo)
    last = epoch + (now - epoch) // width * width
    return [last - width * back for back in range(bars - 1, -1, -1)]


def _bar(start: datetime, counts: dict[Verdict, int], most: int) -> Bar:
    parts = [f"{count(counts[verdict])} {VERDICTS[verdict]}" for verdict in ALERTS if counts[verdict]]
    return Bar(
        heights={verdict: number / most for verdict, number in counts.items() if number},
        tip=f"{clock(to_ms(start))}: {', '.join(parts) or 'no alerts'}",
    )
