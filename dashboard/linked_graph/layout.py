"""Riders, cards and devices with what links them, laid out in columns; one graph is always drawn the same."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from msgspec import Struct

Kind = Literal["user", "card", "device", "more"]
SWEEPS = 4


class Node(Struct, frozen=True, kw_only=True):
    """`column` counts from the left; `marks` are style names; `tip` is what hovering says."""

    node_id: str
    kind: Kind
    column: int
    label: str
    tip: str = ""
    href: str | None = None
    marks: tuple[str, ...] = ()


class Link(Struct, frozen=True, kw_only=True):
    """Between nodes of neighbouring columns; `strong` is of the subject itself."""

    a: str
    b: str
    strong: bool = False


class Place(Struct, frozen=True, kw_only=True):
    """The left upper corner of a node, in pixels."""

    x: float
    y: float


class Layout(Struct, frozen=True, kw_only=True):
    nodes: tuple[Node, ...]
    links: tuple[Link, ...]
    places: Mapping[str, Place]
    width: float
    height: float
    node_width: float
    node_height: float


def layout(
    nodes: Sequence[Node],
    links: Iterable[Link],
    *,
    node_width: float = 104,
    gap: float = 22,
    row_height: float = 26,
    node_height: float = 20,
) -> Layout:
    """Columns side by side, each centred; in a column, nodes stand near those that they are linked to."""
    known = {node.node_id for node in nodes}
    kept = tuple(link for link in links if link.a in known and link.b in known)
    columns = _ordered(_columns(nodes), kept)
    tallest = max((len(column) for column in columns), default=1)
    return Layout(
        nodes=tuple(nodes),
        links=kept,
        places={
            node_id: Place(
                x=index * (node_width + gap),
                y=(tallest - len(column)) * row_height / 2
                + row * row_height
                + (row_height - node_height) / 2,
            )
            for index, column in enumerate(columns)
            for row, node_id in enumerate(column)
        },
        width=len(columns) * (node_width + gap) - gap,
        height=tallest * row_height,
        node_width=node_width,
        node_height=node_height,
    )


def _columns(nodes: Sequence[Node]) -> list[list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    for node in nodes:
        found[node.column].append(node.node_id)
    return [found[column] for column in sorted(found)]


def _ordered(columns: list[list[str]], links: Iterable[Link]) -> list[list[str]]:
    """Each node goes to the middle of its neighbours, column by column, there and back."""
    neighbours: dict[str, list[str]] = defaultdict(list)
    for link in links:
        neighbours[link.a].append(link.b)
        neighbours[link.b].append(link.a)
    ordered = [list(column) for column in columns]
    for sweep in range(SWEEPS):
        forward = sweep % 2 == 0
        indices = range(1, len(ordered)) if forward else range(len(ordered) - 2, -1, -1)
        for index in indices:
            beside = ordered[index - 1 if forward else index + 1]
            ordered[index] = _by_middle(ordered[index], beside, neighbours)
    return ordered


def _by_middle(column: list[str], beside: list[str], neighbours: Mapping[str, list[str]]) -> list[str]:
    row_of = {node_id: row / max(len(beside), 1) for row, node_id in enumerate(beside)}

    def middle(row: int, node_id: str) -> float:
        rows = [row_of[other] for other in neighbours.get(node_id, ()) if other in row_of]
        return sum(rows) / len(rows) if rows else row / max(len(column), 1)

    # Python's sort keeps the order of equals, so that nothing moves without need.
    keyed = sorted(enumerate(column), key=lambda each: middle(*each))
    return [node_id for _, node_id in keyed]
