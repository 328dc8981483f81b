import pytest

from app.rules.errors import RuleRefused
from app.rules.tokens import bound, called, members, most_steps, names, nesting, operands, place, tokens_of


def _texts(tokens: object) -> list[str]:
    return [token.text for token in tokens]  # type: ignore[attr-defined]


def test_an_expression_is_told_apart_into_words_and_signs() -> None:
    tokens = tokens_of("a >= 5.5e3 && b=='x y' // why")
    assert _texts(tokens) == ["a", ">=", "5.5e3", "&&", "b", "==", "'x y'"]
    assert [token.at for token in tokens] == [0, 2, 5, 11, 14, 15, 17]


@pytest.mark.parametrize(
    "sign", ["{", "}", "\\", "`", "@", ";", "#", "$", "=", "&", "|", "é", "'open", "'a\\'b'"]
)
def test_signs_that_no_rule_needs_are_refused(sign: str) -> None:
    with pytest.raises(RuleRefused, match=r"column 5: .* does not belong here"):
        tokens_of(f"a > {sign}")


@pytest.mark.parametrize("text", ["r'a'", "b'a'", "rb'a'", 'R"a"'])
def test_texts_with_a_prefix_are_refused(text: str) -> None:
    with pytest.raises(RuleRefused, match="does not belong here"):
        tokens_of(text)


@pytest.mark.parametrize("text", ["'''a'''", '"""a"""', "a == '' && '''b' c'''"])
def test_triple_quotes_are_refused(text: str) -> None:
    with pytest.raises(RuleRefused, match="single quotes"):
        tokens_of(text)


def test_a_place_is_a_column_or_a_line_and_a_column() -> None:
    assert place("abc", 2) == "column 3"
    assert place("a\nbc", 3) == "line 2, column 2"


def test_names_calls_members_and_bound_names_are_told_apart() -> None:
    tokens = tokens_of("[a, b].exists(n, n > c) && known(d) && e.f > 1 && !(g in [true, null])")
    assert _texts(called(tokens)) == ["exists", "known"]
    assert _texts(members(tokens)) == ["f"]
    assert _texts(bound(tokens)) == ["n"]
    assert _texts(names(tokens)) == ["a", "b", "n", "n", "c", "d", "e", "g"]


def test_a_name_in_a_text_or_a_comment_is_no_name() -> None:
    assert _texts(names(tokens_of("a == 'b' // c\n"))) == ["a"]


@pytest.mark.parametrize(
    ("expression", "depth"),
    [
        ("a > 1", 0),
        ("[1].all(i, i > 0)", 1),
        ("[1].all(i, i > 0) && [2].all(i, (i > 0))", 1),
        ("[1].filter(i, i > 0).all(j, j > 0)", 1),
        ("[1].all(i, [2].all(j, j > i))", 2),
        ("[[1].exists(i, i > 0)].all(j, j)", 1),
        ("size(all) > 1", 0),
    ],
)
def test_nesting(expression: str, depth: int) -> None:
    assert nesting(tokens_of(expression)) == depth


def test_steps_grow_with_lists_and_nesting() -> None:
    assert most_steps(tokens_of("a > 1")) == 3
    flat, nested = "[1, 2, 3].all(i, i > 0)", "[1, 2, 3].all(i, [1, 2, 3].all(j, j > i))"
    assert most_steps(tokens_of(flat)) == 16 * 4
    assert most_steps(tokens_of(nested)) > 5 * most_steps(tokens_of(flat))


@pytest.mark.parametrize(
    ("expression", "parts"),
    [
        ("a > 1", ["a>1"]),
        ("a > 1 && b < 2 || c", ["a>1", "b<2", "c"]),
        ("!(a || (b && c))", ["a", "b", "c"]),
        ("!a && (b)", ["a", "b"]),
        ("(a) && (b)", ["a", "b"]),
        ("a ? b && c : d", ["a?b&&c:d"]),
        ("[a && b].all(i, i || c)", ["[a&&b].all(i,i||c)"]),
        ("((a))", ["a"]),
    ],
)
def test_operands(expression: str, parts: list[str]) -> None:
    assert ["".join(_texts(part)) for part in operands(tokens_of(expression))] == parts
