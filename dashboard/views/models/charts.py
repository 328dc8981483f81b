"""Drift of the score over time, and how true the probabilities are."""

from collections.abc import Sequence

import altair as alt

from dashboard.palette import Palette
from dashboard.views.models.calibration import Point
from dashboard.views.models.readings import ScoreDrift
from domain.display import timestamp
from domain.events import to_ms

HEIGHT = 220
PSI_LIMIT = 0.25


def drift(checks: Sequence[ScoreDrift], palette: Palette) -> alt.LayerChart:
    """PSI of the score, check by check, under the limit at which it alarms."""
    rows = [
        {
            "at": check.checked_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "psi": check.psi,
            "when": timestamp(to_ms(check.checked_at)),
            "tip": f"PSI {check.psi:.2f}, {check.alarms} features alarm" + _alarm(check),
        }
        for check in checks
        if check.psi is not None
    ]
    line: alt.Chart = (
        alt.Chart({"values": rows})
        .mark_line(color=palette.accent, strokeWidth=2, point={"size": 14, "color": palette.accent})
        .encode(
            x=alt.X(
                "at:T",
                scale=alt.Scale(type="utc"),
                axis=alt.Axis(
                    format="%b %d", grid=False, tickCount=6, title=None, domain=False, labelColor=palette.soft
                ),
            ),
            y=alt.Y("psi:Q", axis=_axis(palette, ".2f"), title=None),
            tooltip=[alt.Tooltip("when:N", title=" "), alt.Tooltip("tip:N", title="  ")],
        )
    )
    limit: alt.Chart = (
        alt.Chart({"values": [{"psi": PSI_LIMIT}]})
        .mark_rule(strokeDash=[3, 2], color=palette.watch)
        .encode(y="psi:Q")
    )
    return alt.LayerChart(layer=[line, limit], height=HEIGHT)


def calibration(points: Sequence[Point], palette: Palette) -> alt.LayerChart:
    """What was said against what proved true; on the diagonal they are the same."""
    rows = [
        {
            "said": p.said,
            "proved": p.proved,
            "low": p.low,
            "high": p.high,
            "payments": p.payments,
            "tip": p.tip,
        }
        for p in points
    ]
    said = alt.X(
        "said:Q",
        scale=alt.Scale(domain=[0, 1]),
        axis=_axis(palette, ".0%", grid=False),
        title="probability said",
    )
    base: alt.Chart = alt.Chart({"values": rows}).encode(x=said, tooltip=alt.Tooltip("tip:N", title=" "))
    diagonal: alt.Chart = (
        alt.Chart({"values": [{"said": 0, "proved": 0}, {"said": 1, "proved": 1}]})
        .mark_line(strokeDash=[3, 2], strokeWidth=1, color=palette.soft)
        .encode(x="said:Q", y="proved:Q")
    )
    ranges = base.mark_rule(color=palette.accent, opacity=0.45, strokeWidth=2).encode(y="low:Q", y2="high:Q")
    circles = base.mark_circle(color=palette.accent, opacity=1).encode(
        y=alt.Y("proved:Q", scale=alt.Scale(domain=[0, 1]), axis=_axis(palette, ".0%"), title="proved fraud"),
        size=alt.Size("payments:Q", scale=alt.Scale(type="sqrt", range=[30, 260]), legend=None),
    )
    return alt.LayerChart(layer=[diagonal, ranges, circles], height=HEIGHT)


def _axis(palette: Palette, axis_format: str, *, grid: bool = True) -> alt.Axis:
    return alt.Axis(
        format=axis_format,
        tickCount=5,
        domain=False,
        ticks=False,
        grid=grid,
        gridColor=palette.line,
        labelColor=palette.soft,
        titleColor=palette.soft,
        titleFontWeight="normal",
    )


def _alarm(check: ScoreDrift) -> str:
    return f"; score: {check.score_alarm}" if check.score_alarm else ""
