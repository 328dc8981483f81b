import pytest

from scoring.registry.line import line_of


@pytest.mark.parametrize(
    ("promoted", "line"),
    [
        ("", ""),
        ("a", "a"),
        ("abc", "abc"),
        ("aba", "a"),  # b was rolled back
        ("abab", "ab"),  # and tried again
        ("abcb", "ab"),  # rolled back once; the next time it goes back to a
        ("abcba", "a"),
        ("abcad", "ad"),
    ],
)
def test_who_comes_back_drops_those_after_it(promoted: str, line: str) -> None:
    assert line_of(promoted) == list(line)
