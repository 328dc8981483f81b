"""The overview's charts over time; changes of models, rules and thresholds are thin lines in each."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import altair as alt
from msgspec import Struct

from dashboard.palette import Palette
from dashboard.verdict_mix import ALERTS
from dashboard.views.overview.changes import LABEL_SHARE, Mark, lanes
from dashboard.views.overview.figures import worth
from dashboard.views.overview.kinds import Cell
from dashboard.views.overview.period import Period
from dashboard.views.overview.readings import Overview, Times
from dashboard.wording import VERDICTS
from domain.decision import Verdict
from domain.display import count, duration_ms, percent, timestamp
from domain.events import to_ms
from domain.money import format_money

HEIGHT = 220
LANE_PX = 12
Row = dict[str, Any]


class Frame(Struct, frozen=True, kw_only=True):
    """What the charts of one look have in common."""

    period: Period
    now: datetime
    marks: list[Mark]
    palette: Palette


def mix(overview: Overview, frame: Frame) -> alt.LayerChart:
    """Shares of a slice's payments that were not simply approved, stacked by how hard the verdict is."""
    counts: dict[datetime, dict[Verdict, int]] = defaultdict(lambda: dict.fromkeys(Verdict, 0))
    for row in overview.decided:
        counts[row.starts_at][row.verdict] += row.payments
    rows = [
        {**_times(start, frame.period), **part, "tip": _mix_tip(of)}
        for start, of in counts.items()
        for part in _stacked({VERDICTS[verdict]: of[verdict] / sum(of.values()) for verdict in ALERTS})
    ]
    colours = alt.Scale(
        domain=[VERDICTS[verdict] for verdict in ALERTS], range=[frame.palette.of(v) for v in ALERTS]
    )
    return _with_marks(_bars(rows, colours, frame, axis_format=".1%"), frame)


def money(overview: Overview, frame: Frame) -> alt.LayerChart:
    """Above the line what stopping frauds saved, below it what was charged back."""
    saved: dict[datetime, float] = defaultdict(float)
    for row in overview.truths.stopped:
        saved[row.starts_at] += worth(row)
    lost = {row.starts_at: row.lost_minor for row in overview.truths.known}
    rows = [
        {
            **_times(start, frame.period),
            "what": what,
            "low": min(0.0, units),
            "high": max(0.0, units),
            "tip": f"{format_money(round(saved.get(start, 0.0)))} saved, "
            f"{format_money(lost.get(start, 0))} lost so far",
        }
        for start in sorted({*saved, *lost})
        for what, units in (("saved", saved.get(start, 0.0) / 100), ("lost", -lost.get(start, 0) / 100))
    ]
    colours = alt.Scale(domain=["saved", "lost"], range=[frame.palette.accent, frame.palette.loss])
    return _with_marks(_bars(rows, colours, frame, axis_format="$~s"), frame)


def fraud(overview: Overview, frame: Frame) -> alt.LayerChart:
    """Frauds known so far as a share of all payments decided in the slice."""
    payments: dict[datetime, int] = defaultdict(int)
    for decided in overview.decided:
        payments[decided.starts_at] += decided.payments
    frauds = {known.starts_at: known.frauds for known in overview.truths.known}
    rows = [
        {
            **_times(start, frame.period),
            "share": frauds.get(start, 0) / number,
            "tip": f"{count(frauds.get(start, 0))} known frauds of {count(number)} payments",
        }
        for start, number in payments.items()
    ]
    return _with_marks(_line(rows, "share", frame, axis_format=".2%"), frame)


def times(of: Sequence[Times], frame: Frame) -> alt.LayerChart:
    rows = [
        {
            **_times(row.starts_at, frame.period),
            "ms": taken / 1000,
            "what": what,
            "tip": f"p50 {duration_ms(row.p50_us / 1000)}, p99 {duration_ms(row.p99_us / 1000)}",
        }
        for row in of
        for what, taken in (("p50", row.p50_us), ("p99", row.p99_us))
    ]
    colours = alt.Scale(domain=["p50", "p99"], range=[frame.palette.soft, frame.palette.accent])
    lines = _line(rows, "ms", frame, axis_format="~r").encode(
        color=alt.Color("what:N", scale=colours, legend=_legend(frame))
    )
    return _with_marks(lines, frame)


def kinds(of: Sequence[Cell], palette: Palette) -> alt.Chart:
    """A heatmap: the darker, the more alerts of that kind at that hour of the day."""
    rows = [
        {
            "kind": cell.kind,
            "hour": cell.hour,
            "alerts": cell.alerts,
            "tip": f"{cell.kind}, {cell.hour:02}:00 to {cell.hour + 1:02}:00: {count(cell.alerts)} alerts, "
            f"{format_money(cell.amount_minor)}",
        }
        for cell in of
    ]
    most = max((cell.alerts for cell in of), default=0)
    shades = alt.Scale(domain=[0, max(1, most)], range=[palette.line, palette.accent])
    chart: alt.Chart = (
        alt.Chart({"values": rows})
        .mark_rect(cornerRadius=2)
        .encode(
            x=alt.X(
                "hour:O",
                axis=alt.Axis(labelAngle=0, values=list(range(0, 24, 3)), domain=False, ticks=False),
                title=None,
            ),
            y=alt.Y(
                "kind:N", sort=None, axis=alt.Axis(domain=False, ticks=False, labelLimit=160), title=None
            ),
            color=alt.Color("alerts:Q", scale=shades, legend=None),
            tooltip=alt.Tooltip("tip:N", title=" "),
        )
        .properties(height=max(120, 26 * len({cell.kind for cell in of}) + 30))
    )
    return chart


def _stacked(parts: Mapping[str, float]) -> Iterator[Row]:
    """From below, one on the other."""
    below = 0.0
    for what, height in parts.items():
        yield {"what": what, "low": below, "high": below + height}
        below += height


def _bars(rows: Sequence[Row], colours: alt.Scale, frame: Frame, *, axis_format: str) -> alt.Chart:
    chart: alt.Chart = (
        alt.Chart({"values": list(rows)})
        .mark_rect()
        .encode(
            x=_x(frame),
            x2="until:T",
            y=alt.Y("low:Q", axis=_y(frame, axis_format), title=None),
            y2="high:Q",
            color=alt.Color("what:N", scale=colours, legend=_legend(frame)),
            tooltip=_tooltip(),
        )
    )
    return chart


def _line(rows: Sequence[Row], value: str, frame: Frame, *, axis_format: str) -> alt.Chart:
    chart: alt.Chart = (
        alt.Chart({"values": list(rows)})
        .mark_line(
            interpolate="monotone",
            strokeWidth=2,
            color=frame.palette.accent,
            point={"size": 18, "filled": True, "color": frame.palette.accent},
        )
        .encode(
            x=_x(frame, field="middle"),
            y=alt.Y(f"{value}:Q", axis=_y(frame, axis_format), title=None),
            tooltip=_tooltip(),
        )
    )
    return chart


def _with_marks(chart: alt.Chart, frame: Frame) -> alt.LayerChart:
    if not frame.marks:
        return alt.LayerChart(layer=[chart], height=HEIGHT)
    late = frame.period.starts(frame.now)[-1] - frame.period.width * frame.period.bars * LABEL_SHARE / 2
    rows = [
        {
            "at": _iso(mark.at),
            "label": mark.label,
            "tip": mark.tip,
            "when": "",
            "lane": -0.15 - 1.5 * lane,
            "late": mark.at > late,
        }
        for mark, lane in zip(frame.marks, lanes(frame.marks, frame.period), strict=True)
    ]
    at: alt.Chart = alt.Chart({"values": rows}).encode(x=alt.X("at:T"), tooltip=_tooltip())
    lines = at.mark_rule(strokeWidth=1, strokeDash=[3, 2], color=frame.palette.soft)
    labels = [_labels(at, frame, late=False), _labels(at, frame, late=True)]
    layered: alt.LayerChart = alt.layer(alt.layer(chart, lines), *labels).resolve_scale(y="independent")
    return layered.properties(height=HEIGHT)


def _labels(at: alt.Chart, frame: Frame, *, late: bool) -> alt.Chart:
    """Above the chart; those near the right edge stand left of their lines."""
    lanes_scale = alt.Scale(domain=[HEIGHT / LANE_PX, 0])
    labels: alt.Chart = (
        at.transform_filter(f"datum.late === {str(late).lower()}")
        .mark_text(
            align="right" if late else "left",
            baseline="bottom",
            dx=-3 if late else 3,
            fontSize=10,
            color=frame.palette.soft,
            limit=110,
        )
        .encode(text="label:N", y=alt.Y("lane:Q", scale=lanes_scale, axis=None))
    )
    return labels


def _x(frame: Frame, field: str = "from") -> alt.X:
    hours = "%H:%M" if frame.period.bars == 24 else "%b %d"
    return alt.X(
        f"{field}:T",
        scale=_scale(frame),
        axis=alt.Axis(
            format=hours,
            grid=False,
            tickCount=6,
            labelOverlap=True,
            title=None,
            domain=False,
            labelColor=frame.palette.soft,
        ),
    )


def _scale(frame: Frame) -> alt.Scale:
    starts = frame.period.starts(frame.now)
    return alt.Scale(type="utc", domain=[_iso(starts[0]), _iso(starts[-1] + frame.period.width)])


def _y(frame: Frame, axis_format: str) -> alt.Axis:
    return alt.Axis(
        format=axis_format,
        tickCount=4,
        domain=False,
        ticks=False,
        gridColor=frame.palette.line,
        labelColor=frame.palette.soft,
    )


def _legend(frame: Frame) -> alt.Legend:
    return alt.Legend(
        title=None,
        orient="bottom",
        offset=4,
        padding=0,
        labelColor=frame.palette.soft,
        labelFontSize=11,
        symbolSize=60,
        symbolType="square",
    )


def _tooltip() -> list[alt.Tooltip]:
    return [alt.Tooltip("when:N", title=" "), alt.Tooltip("tip:N", title="  ")]


def _times(start: datetime, period: Period) -> Row:
    gap = period.width * 0.12
    return {
        "from": _iso(start + gap / 2),
        "until": _iso(start + period.width - gap / 2),
        "middle": _iso(start + period.width / 2),
        "when": timestamp(to_ms(start)).replace(":00 UTC", " UTC"),
    }


def _mix_tip(of: dict[Verdict, int]) -> str:
    total = sum(of.values())
    shares = (
        f"{count(of[verdict])} {VERDICTS[verdict]} ({percent(of[verdict] / total)})" for verdict in Verdict
    )
    return ", ".join(shares)


def _iso(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")
