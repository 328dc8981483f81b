"""Have payments, or the model's scores of them, moved away from what the model was trained on?"""

from datetime import datetime, timedelta

from msgspec import Struct

from dashboard.health import Level, Line
from dashboard.readings import DriftRow
from domain.display import MINUTE_MS, duration_ms, percent

SCORE = "score"
OLD_AFTER_MS = 15 * MINUTE_MS
LOOKED_AFTER = "the learner trains a candidate by itself"


class Moved(Struct, frozen=True, kw_only=True):
    """One row of the table: PSI, KS, the rise of unknown values and the share out of range, as written."""

    name: str
    numbers: tuple[str, str, str, str]
    alarm: str


def lines(rows: list[DriftRow], now: datetime) -> list[Line]:
    """The score's line and that of the features, by the newest check, with the worst of its alarms."""
    if not rows:
        return [Line(name="Drift", value="not checked yet", level=Level.UNKNOWN)]
    ago_ms = max(0.0, (now - rows[0].checked_at) / timedelta(milliseconds=1))
    if ago_ms > OLD_AFTER_MS:
        note = "no newer check: see logs/learner.log"
        value = f"checked {duration_ms(ago_ms)} ago"
        return [Line(name="Drift", value=value, level=Level.UNKNOWN, note=note)]
    scores = [_score(row, ago_ms) for row in rows if row.subject == SCORE]
    return [*scores, _features(rows, ago_ms)]


def moved(rows: list[DriftRow]) -> list[Moved]:
    """In the order of the rows."""
    return [
        Moved(
            name=_named(row),
            numbers=(
                "" if row.psi is None else f"{row.psi:.2f}",
                "" if row.ks is None else f"{row.ks:.2f}",
                f"{100 * row.missing_rise:+.1f} points",
                percent(row.out_of_range),
            ),
            alarm=row.alarm or "",
        )
        for row in rows
    ]


def _score(row: DriftRow, ago_ms: float) -> Line:
    value = f"{'' if row.psi is None else f'PSI {row.psi:.2f}, '}{duration_ms(ago_ms)} ago"
    if row.alarm is None:
        return Line(name="Score drift", value=value, level=Level.WELL)
    return Line(name="Score drift", value=value, level=Level.WATCH, note=f"{row.alarm}; {LOOKED_AFTER}")


def _features(rows: list[DriftRow], ago_ms: float) -> Line:
    """Never the headline: what counts is what the score makes of them."""
    name, ago = "Feature drift", f"{duration_ms(ago_ms)} ago"
    alarmed = [row for row in rows if row.alarm and row.subject != SCORE]
    if not alarmed:
        return Line(name=name, value=f"none of {rows[0].features}, {ago}", level=Level.WELL)
    first, _, _ = (alarmed[0].alarm or "").partition("; ")
    return Line(
        name=name,
        value=f"{rows[0].alarmed_features} of {rows[0].features}, {ago}",
        level=Level.WATCH,
        note=f"{_named(alarmed[0])}: {first}; {LOOKED_AFTER}",
        in_headline=False,
    )


def _named(row: DriftRow) -> str:
    return row.subject.replace("_", " ")
