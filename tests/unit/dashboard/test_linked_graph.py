from dashboard.linked_graph.layout import Link, Node, layout
from dashboard.linked_graph.svg import short, svg


def a_node(node_id: str, column: int, **given: object) -> Node:
    defaults: dict[str, object] = {"kind": "user", "label": node_id}
    return Node(node_id=node_id, column=column, **{**defaults, **given})  # type: ignore[arg-type]


def test_neighbours_stand_side_by_side() -> None:
    nodes = [a_node(name, column) for column, names in enumerate(("ab", "xy")) for name in names]
    drawn = layout(nodes, [Link(a="a", b="y"), Link(a="b", b="x")])
    assert drawn.places["a"].y == drawn.places["y"].y
    assert drawn.places["b"].y == drawn.places["x"].y
    assert drawn.places["a"].x < drawn.places["x"].x


def test_a_short_column_is_centred_and_the_drawing_just_large_enough() -> None:
    drawn = layout(
        [a_node("a", 0), *(a_node(name, 1) for name in "xyz")],
        [Link(a="a", b=name) for name in "xyz"],
        node_width=100,
        gap=20,
        row_height=30,
        node_height=20,
    )
    assert (drawn.width, drawn.height) == (220, 90)
    assert drawn.places["a"].y == drawn.places["y"].y == 35


def test_one_graph_is_always_drawn_the_same() -> None:
    nodes = [a_node(f"{column}{row}", column) for column in range(3) for row in range(5)]
    links = [Link(a=f"0{row}", b=f"1{4 - row}") for row in range(5)]
    assert svg(layout(nodes, links), title="x") == svg(layout(list(nodes), list(links)), title="x")


def test_links_to_nobody_are_left_out() -> None:
    assert layout([a_node("a", 0)], [Link(a="a", b="gone")]).links == ()
    assert layout([], []).height == 26


def test_svg_escapes_what_comes_from_data() -> None:
    nodes = [
        a_node("a", 0, label="<a>", tip="'tip'", marks=("self",)),
        a_node("b", 1, href="/rings?ring=a&b", kind="card"),
    ]
    shown = svg(layout(nodes, [Link(a="b", b="a", strong=True)]), title="'t'")
    assert "&lt;a&gt;" in shown
    assert "&#x27;tip&#x27;" in shown
    assert "fg-node fg-user fg-self" in shown
    assert "href='/rings?ring=a&amp;b'" in shown
    assert "class='fg-strong'" in shown


def test_long_ids_are_cut_in_the_middle() -> None:
    assert short("usr_short") == "usr_short"
    assert short("usr_abcdefghijklmnop") == "usr_abcde…nop"
