"""Net money and fraud loss along one slider, with the three settings marked.

As plain Vega-Lite: to check a chart with Altair takes longer than all that the sliders have time for.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from dashboard.palette import Palette
from dashboard.views.dial import wording
from dashboard.views.dial.scale import NEVER
from scoring.dial.curves import CAPACITY, Point
from scoring.dial.figures import FRAUD_LOSS, SAVED, Range

HEIGHT = 215
MINOR = 100
Row = dict[str, Any]
Spec = dict[str, Any]


class Along(Struct, frozen=True, kw_only=True):
    """The slider that a chart goes along, and where the settings stand on it; None: nowhere."""

    slider: str
    marks: Mapping[str, float | None]

    @property
    def title(self) -> str:
        return CAPACITY if self.slider == CAPACITY else f"{self.slider} from score"


def saved(points: Sequence[Point], along: Along, palette: Palette) -> Spec:
    rows = [_row(point.at, point.saved, SAVED) for point in points]
    return _chart(rows, along, palette, "Net money saved a day", palette.accent)


def fraud_loss(points: Sequence[Point], along: Along, palette: Palette) -> Spec:
    rows = [_row(point.at, point.fraud_loss, FRAUD_LOSS) for point in points]
    return _chart(rows, along, palette, "Fraud loss a day", palette.loss)


def _row(at: float, money: Range, figure: str) -> Row:
    return {
        "at": at,
        "value": money.value / MINOR,
        "low": money.low / MINOR,
        "high": money.high / MINOR,
        "tip": f"{wording.money(money.value)} ({wording.between(figure, money)})",
    }


def _chart(rows: list[Row], along: Along, palette: Palette, title: str, colour: str) -> Spec:
    scale = {"domain": _domain(rows, along), "nice": False}
    x = {**_at(rows[-1]["at"]), "title": along.title, "axis": _axis(along)}
    y = {"type": "quantitative", "title": None, "scale": scale, "axis": {"format": "$,.0f", "tickCount": 4}}
    line = {"x": x, "y": {**y, "field": "value"}}
    band = {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}}
    tips = [
        {"field": "at", "type": "quantitative", "title": along.title},
        {"field": "tip", "type": "nominal", "title": title},
    ]
    layers = [
        {"mark": {"type": "area", "opacity": 0.16, "color": colour, "clip": True}, "encoding": band},
        {"mark": {"type": "line", "color": colour, "strokeWidth": 2, "clip": True}, "encoding": line},
        {
            "mark": {"type": "point", "size": 120, "opacity": 0, "filled": True, "clip": True},
            "encoding": {**line, "tooltip": tips},
        },
        *_rules(along, palette, _at(rows[-1]["at"])),
    ]
    name = {"text": title, "anchor": "start", "fontSize": 12, "fontWeight": "normal", "color": palette.soft}
    return {"data": {"values": rows}, "layer": layers, "height": HEIGHT, "title": name}


def _domain(rows: list[Row], along: Along) -> list[float]:
    """Where the settings are; a threshold that would stop everybody may fall below it."""
    marked = [row for row in rows if row["at"] in along.marks.values()] or rows
    top = max(*(row["high"] for row in marked), *(row["value"] for row in rows))
    bottom = min(0.0, *(row["low"] for row in marked))
    return [bottom, top + (0.06 * (top - bottom) or 1.0)]


def _axis(along: Along) -> Spec:
    if along.slider == CAPACITY:
        return {"grid": False}
    never = f"datum.value == {NEVER} ? 'never' : datum.label"
    return {"grid": False, "values": [*range(0, NEVER, 10), NEVER], "labelExpr": never}


def _at(most: float) -> Spec:
    return {"field": "at", "type": "quantitative", "scale": {"domain": [0, most], "nice": False}}


def _rules(along: Along, palette: Palette, x: Spec) -> list[Spec]:
    """Present is dashed, optimal dotted, yours drawn through; names of one place stand together."""
    looks = {
        "yours": (palette.accent, [1, 0], 12),
        "present": (palette.soft, [5, 4], 27),
        "optimal": (palette.watch, [2, 3], 42),
    }
    names: dict[float, list[str]] = {}
    for name in looks:
        at = along.marks.get(name)
        if at is not None:
            names.setdefault(at, []).append(name)
    drawn: list[Spec] = []
    for at, here in names.items():
        colour, dash, up = looks[here[0]]
        data = {"values": [{"at": at, "name": ", ".join(here)}]}
        rule = {"type": "rule", "color": colour, "strokeDash": dash, "strokeWidth": 1.5}
        words = {
            "type": "text",
            "color": colour,
            "align": "left",
            "baseline": "middle",
            "dx": 5,
            "fontSize": 11,
            "y": {"expr": f"height - {up}"},
        }
        text = {"field": "name", "type": "nominal"}
        drawn += [
            {"data": data, "mark": rule, "encoding": {"x": x}},
            {"data": data, "mark": words, "encoding": {"x": x, "text": text}},
        ]
    return drawn
