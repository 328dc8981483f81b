"""Deployments, rules and thresholds as marks in the charts: one for each slice of time."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec import Struct

from dashboard.views.overview.period import Period, floor
from dashboard.views.overview.readings import Change
from domain.display import timestamp
from domain.events import to_ms

MOST_NAMED = 1
VERSION_LETTERS = 8
LABEL_SHARE = 0.21  # of a chart's width, that a label takes


class Mark(Struct, frozen=True, kw_only=True):
    """`tip` says what happened, who did it and why."""

    at: datetime
    label: str
    tip: str


def marks(changes: Iterable[Change], width: timedelta) -> list[Mark]:
    """Of several changes in a slice the first bears the mark."""
    slices: dict[datetime, list[Change]] = defaultdict(list)
    for change in changes:
        slices[floor(change.at, width)].append(change)
    return [
        Mark(at=together[0].at, label=_label(together), tip="; ".join(map(_tip, together)))
        for together in slices.values()
    ]


def lanes(of: list[Mark], period: Period) -> list[int]:
    """Of each mark the row of its label, so that neighbours' labels do not lie over each other."""
    ends: list[datetime] = []
    chosen: list[int] = []
    room = period.width * period.bars * LABEL_SHARE
    for mark in of:
        lane = next((n for n, end in enumerate(ends) if end <= mark.at), len(ends))
        ends[lane : lane + 1] = [mark.at + room]
        chosen.append(lane)
    return chosen


def _label(together: list[Change]) -> str:
    if len(together) <= MOST_NAMED:
        return name(together[0])
    kinds = {change.kind for change in together}
    if kinds == {"rules"}:
        return f"{len(together)} rule changes"
    deployed = [change for change in together if change.kind == "champion"]
    if deployed:
        return f"{name(deployed[-1])} +{len(together) - 1}"
    return f"{len(together)} changes"


def name(change: Change) -> str:
    match change.kind:
        case "champion":
            return f"{short(change.subject)} in charge"
        case "canary":
            return f"{short(change.subject)} canary"
        case "rules":
            return f"rules {change.subject}"
        case "policy":
            return f"thresholds {change.subject}"


def short(version: str) -> str:
    """The first letters of a model's version."""
    return version.removeprefix("mdl_")[:VERSION_LETTERS]


def _tip(change: Change) -> str:
    why = f": {change.why}" if change.why else ""
    return f"{timestamp(to_ms(change.at))} {name(change)} by {change.by}{why}"
