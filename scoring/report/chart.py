"""Plots as inline SVG: curves in a unit square, and figures with their intervals one above the other."""

from collections.abc import Callable, Mapping, Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from scoring.report.intervals import Interval

WIDTH, HEIGHT = 460, 320
LEFT, RIGHT, TOP, BOTTOM = 52, 14, 12, 44
ROW, GAP = 15, 12  # of intervals: pixels a line, and between groups
NAMES = 210
TICKS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
POINTS_MAX = 400  # a curve with more of them looks no different

Points = tuple[NDArray[np.float64], NDArray[np.float64]]  # x and y, both from 0 to 1


def curves(
    series: Mapping[str, Points], *, x: str, y: str, diagonal: bool = False, dots: bool = False
) -> str:
    """One line a name; with `diagonal` where x equals y, with `dots` a mark on each point."""
    lines = [_line(index, _thinned(points), dots=dots) for index, points in enumerate(series.values())]
    even = _path("even", np.array([0.0, 1.0]), np.array([0.0, 1.0])) if diagonal else ""
    drawn = "".join([_frame(x, y), even, *lines])
    return f"<figure>{_svg(WIDTH, HEIGHT, f'{y} over {x}', drawn)}{legend(list(series))}</figure>"


def interval_rows(groups: Mapping[str, Sequence[Interval]], names: Sequence[str]) -> str:
    """A group a line of text, in it a dot and a whisker for each name, on a scale from 0 to 1."""
    size = len(names) * ROW + GAP
    height = len(groups) * size + 30
    drawn = [_scale(height)]
    for place, (group, found) in enumerate(groups.items()):
        top = place * size + GAP
        drawn.append(_text(NAMES - 10, top + size / 2 - 2, group, "end"))
        drawn += [_whisker(index, interval, top + index * ROW + 8) for index, interval in enumerate(found)]
    label = f"{', '.join(groups)} of {', '.join(names)}"
    return f"<figure>{_svg(WIDTH + 160, height, label, ''.join(drawn))}{legend(names)}</figure>"


def legend(names: Sequence[str]) -> str:
    items = "".join(f'<li class="s{index}">{escape(name)}</li>' for index, name in enumerate(names))
    return f"<figcaption><ul>{items}</ul></figcaption>"


def _svg(width: float, height: float, label: str, drawn: str) -> str:
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'aria-label="{escape(label)}">{drawn}</svg>'
    )


def _x(value: float) -> float:
    return LEFT + value * (WIDTH - LEFT - RIGHT)


def _y(value: float) -> float:
    return HEIGHT - BOTTOM - value * (HEIGHT - TOP - BOTTOM)


def _frame(x: str, y: str) -> str:
    across = [f'<path class="grid" d="M{_x(0)} {_y(t):.1f}H{_x(1)}"/>' for t in TICKS]
    names = [_text(LEFT - 8, _y(t) + 4, f"{t:.1f}", "end") for t in TICKS]
    names += [_text(_x(t), HEIGHT - BOTTOM + 18, f"{t:.1f}", "middle") for t in TICKS]
    middle = (TOP + HEIGHT - BOTTOM) / 2
    turned = f'<text transform="translate(13 {middle}) rotate(-90)" text-anchor="middle">{escape(y)}</text>'
    return "".join([*across, *names, _text(_x(0.5), HEIGHT - 6, x, "middle"), turned])


def _line(index: int, points: Points, *, dots: bool) -> str:
    drawn = _path(f"line s{index}", *points)
    if dots:
        drawn += "".join(
            f'<circle class="dot s{index}" cx="{_x(a):.1f}" cy="{_y(b):.1f}" r="3"/>'
            for a, b in zip(*points, strict=True)
        )
    return drawn


def _path(style: str, across: NDArray[np.float64], up: NDArray[np.float64]) -> str:
    steps = " ".join(f"{_x(a):.1f} {_y(b):.1f}" for a, b in zip(across, up, strict=True))
    return f'<path class="{style}" d="M{steps}"/>' if steps else ""


def _thinned(points: Points) -> Points:
    across, up = points
    if len(across) <= POINTS_MAX:
        return points
    kept = np.unique(np.linspace(0, len(across) - 1, POINTS_MAX).astype(int))
    return across[kept], up[kept]


def _scale(height: float) -> str:
    along = _along()
    lines = [f'<path class="grid" d="M{along(t):.1f} 4V{height - 20}"/>' for t in TICKS]
    return "".join([*lines, *(_text(along(t), height - 5, f"{t:.1f}", "middle") for t in TICKS)])


def _whisker(index: int, interval: Interval, y: float) -> str:
    if np.isnan(interval.value):
        return ""
    along = _along()
    low, high = (interval.low, interval.high)
    told = f"{interval.value:.3f} ({low:.3f} to {high:.3f})"
    return (
        f'<g class="s{index}"><title>{told}</title>'
        f'<path class="line" d="M{along(low):.1f} {y}H{along(high):.1f}"/>'
        f'<circle class="dot" cx="{along(interval.value):.1f}" cy="{y}" r="4"/></g>'
    )


def _along() -> Callable[[float], float]:
    return lambda value: NAMES + float(np.clip(value, 0, 1)) * (WIDTH + 160 - NAMES - 20)


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
