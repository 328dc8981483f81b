"""The pipeline as a picture: from an event to a feature to a decision, and round again."""

from collections.abc import Mapping
from html import escape
from urllib.parse import urlencode

from dashboard.markup import LEVELS
from dashboard.views.pipeline.followed import Followed, Step
from dashboard.views.pipeline.parts import Part
from domain.display import clock, timestamp
from domain.events import to_ms

WIDTH, HEIGHT = 1180, 316
BOX_W, BOX_H = 196, 78
COLUMNS = (2, 248, 494, 740, 982)
TOP, MIDDLE, BOTTOM = 8, 119, 230

# Where each part stands: the events go right along the top, the features come back along the bottom.
PLACES = {
    "callers": (COLUMNS[0], TOP),
    "api": (COLUMNS[1], TOP),
    "outbox": (COLUMNS[2], TOP),
    "relay": (COLUMNS[3], TOP),
    "events": (COLUMNS[4], TOP),
    "rings": (COLUMNS[3], MIDDLE),
    "flink": (COLUMNS[4], BOTTOM),
    "features": (COLUMNS[3], BOTTOM),
    "writer": (COLUMNS[2], BOTTOM),
    "store": (COLUMNS[1], BOTTOM),
}
ARROWS = (
    ("callers", "api"), ("api", "outbox"), ("outbox", "relay"), ("relay", "events"), ("events", "flink"),
    ("flink", "features"), ("features", "writer"), ("writer", "store"), ("store", "api"),
)  # fmt: skip
_HEAD = (
    "<defs><marker id='fg-tip' viewBox='0 0 8 8' refX='7' refY='4' markerWidth='7' markerHeight='7' "
    "orient='auto'><path d='M0 0 L8 4 L0 8 z' class='fg-tip'/></marker></defs>"
)


def picture(parts: Mapping[str, Part]) -> str:
    arrows = "".join(_arrow(before, after) for before, after in ARROWS) + _ring_arrows()
    boxes = "".join(_box(name, part) for name, part in parts.items())
    said = "; ".join(f"{part.name}: {part.value}" for part in parts.values())
    return (
        f"<svg class='fg-flow' viewBox='0 0 {WIDTH} {HEIGHT}' role='img' "
        f"aria-label='{escape(said, quote=True)}'>"
        f"{_HEAD}{arrows}{boxes}</svg>"
    )


def _box(name: str, part: Part) -> str:
    x, y = PLACES[name]
    return (
        f"<g class='fg-part fg-{LEVELS[part.level]}'>"
        f"<rect x='{x}' y='{y}' width='{BOX_W}' height='{BOX_H}' rx='8'/>"
        f"<circle cx='{x + 15}' cy='{y + 18}' r='4'/>"
        f"<text class='fg-part-name' x='{x + 26}' y='{y + 22}'>{escape(part.name)}</text>"
        f"<text class='fg-part-value' x='{x + 12}' y='{y + 45}'>{escape(part.value)}</text>"
        f"<text class='fg-part-note' x='{x + 12}' y='{y + 65}'>{escape(part.note)}</text></g>"
    )


def _arrow(before: str, after: str) -> str:
    (x1, y1), (x2, y2) = PLACES[before], PLACES[after]
    if x1 == x2:
        down = y2 > y1
        return _line(x1 + BOX_W / 2, y1 + (BOX_H if down else 0), x2 + BOX_W / 2, y2 + (0 if down else BOX_H))
    right = x2 > x1
    return _line(x1 + (BOX_W if right else 0), y1 + BOX_H / 2, x2 + (0 if right else BOX_W), y2 + BOX_H / 2)


def _ring_arrows() -> str:
    """It reads the events, and sends what it makes of them through the outbox."""
    x, y = PLACES["rings"]
    middle = y + BOX_H / 2
    from_events, to_outbox = COLUMNS[4] + BOX_W / 4, COLUMNS[2] + BOX_W / 2
    return (
        f"<path class='fg-arrow' d='M{from_events} {TOP + BOX_H} V{middle} H{x + BOX_W + 2}' "
        "marker-end='url(#fg-tip)'/>"
        f"<path class='fg-arrow' d='M{x} {middle} H{to_outbox} V{TOP + BOX_H + 2}' "
        "marker-end='url(#fg-tip)'/>"
    )


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f"<path class='fg-arrow' d='M{x1:.0f} {y1:.0f} L{x2:.0f} {y2:.0f}' marker-end='url(#fg-tip)'/>"


def line(followed: Followed) -> str:
    """One event's way, step by step, with the time between them."""
    return f"<ol class='fg-way'>{''.join(map(_step, followed.steps))}</ol>"


def _step(step: Step) -> str:
    known = "" if step.at_ms is not None else " class='fg-unknown'"
    at = "not known any more" if step.at_ms is None else clock_ms(step.at_ms)
    gap = f"<span class='fg-gap'>+ {escape(step.gap)}</span>" if step.gap else ""
    return (
        f"<li{known}><i class='fg-dot'></i>{gap}<b>{escape(step.name)}</b>"
        f"<span class='fg-at'>{escape(at)}</span><span class='fg-soft'>{escape(step.note)}</span></li>"
    )


def clock_ms(at_ms: float) -> str:
    """ "12:03:04.217", in UTC."""
    whole = int(at_ms)
    return f"{clock(whole)}.{whole % 1000:03}"


def about(followed: Followed) -> str:
    """Whose way it is."""
    kept = followed.kept
    case = escape("/case?" + urlencode({"decision": kept.decision_id}), quote=True)
    return (
        f"<p class='fg-about'>Decision <a href='{case}' target='_self'>"
        f"<code>{escape(kept.decision_id)}</code></a> "
        f"<span class='fg-soft'>{escape(timestamp(to_ms(kept.decided_at)))}, rider {escape(kept.user_id)}, "
        f"card {escape(kept.card_id)}</span></p>"
    )
