"""A laid-out graph as SVG; everything that comes from data is escaped here."""

from html import escape

from dashboard.linked_graph.layout import Kind, Layout, Link, Node

LABEL_CHARACTERS = 13
_ICONS: dict[Kind, str] = {
    "user": "<circle cx='5' cy='3' r='2.4'/><path d='M0.8 10 C0.8 6.2 9.2 6.2 9.2 10 Z'/>",
    "card": (
        "<rect x='0' y='1.5' width='10' height='7' rx='1.2'/>"
        "<rect class='fg-hole' x='0' y='3.3' width='10' height='1.5'/>"
    ),
    "device": (
        "<rect x='2' y='0' width='6' height='10' rx='1.2'/>"
        "<rect class='fg-hole' x='4.2' y='7.8' width='1.6' height='1'/>"
    ),
    "more": "<path d='M0.5 4 h2 v2 h-2 Z M4 4 h2 v2 h-2 Z M7.5 4 h2 v2 h-2 Z'/>",
}


def svg(drawn: Layout, *, title: str) -> str:
    links = "".join(_link(drawn, link) for link in drawn.links)
    nodes = "".join(_node(drawn, node) for node in drawn.nodes)
    box = f"-1 -1 {drawn.width + 2:.0f} {drawn.height + 2:.0f}"
    return (
        f"<svg class='fg-graph' viewBox='{box}' role='img' aria-label='{escape(title, quote=True)}' "
        f"style='max-width:{drawn.width + 2:.0f}px'>"
        f"<g class='fg-links'>{links}</g>{nodes}</svg>"
    )


def short(identity: str) -> str:
    """An id as it fits into a node; the whole id is in the node's tip."""
    if len(identity) <= LABEL_CHARACTERS:
        return identity
    return f"{identity[: LABEL_CHARACTERS - 4]}…{identity[-3:]}"


def _link(drawn: Layout, link: Link) -> str:
    a, b = drawn.places[link.a], drawn.places[link.b]
    if a.x > b.x:
        a, b = b, a
    from_x, to_x = a.x + drawn.node_width, b.x
    from_y, to_y = a.y + drawn.node_height / 2, b.y + drawn.node_height / 2
    middle = (from_x + to_x) / 2
    strong = " class='fg-strong'" if link.strong else ""
    return (
        f"<path{strong} d='M{from_x:.1f} {from_y:.1f} C{middle:.1f} {from_y:.1f} {middle:.1f} {to_y:.1f} "
        f"{to_x:.1f} {to_y:.1f}'/>"
    )


def _node(drawn: Layout, node: Node) -> str:
    place, middle = drawn.places[node.node_id], drawn.node_height / 2
    classes = " ".join(("fg-node", f"fg-{node.kind}", *(f"fg-{mark}" for mark in node.marks)))
    inner = (
        f"<g class='{classes}' transform='translate({place.x:.1f} {place.y:.1f})'>"
        f"<title>{escape(node.tip or node.label)}</title>"
        f"<rect class='fg-box' width='{drawn.node_width:.1f}' height='{drawn.node_height:.1f}' rx='5'/>"
        f"<g class='fg-icon' transform='translate(6 {middle - 5:.1f})'>{_ICONS[node.kind]}</g>"
        f"<text x='21' y='{middle:.1f}' dominant-baseline='central'>{escape(node.label)}</text></g>"
    )
    if node.href is None:
        return inner
    return f"<a href='{escape(node.href, quote=True)}' target='_self'>{inner}</a>"
