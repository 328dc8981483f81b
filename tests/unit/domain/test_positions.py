from hypothesis import given
from hypothesis import strategies as st

from domain.positions import Position, advanced, covers

places = st.lists(st.tuples(st.sampled_from([0, 3, 1_000, 1_003, 2_001]), st.integers(0, 50)), max_size=30)


def after(told: list[Position]) -> list[int]:
    positions: list[int] = []
    for place in told:
        positions = advanced(positions, place)
    return positions


@given(told=places, data=st.data())
def test_each_source_has_its_newest_offset_in_order(told: list[Position], data: st.DataObject) -> None:
    newest: dict[int, int] = {}
    for source, offset in told:
        newest[source] = max(newest.get(source, -1), offset)
    wanted = [number for source in sorted(newest) for number in (source, newest[source])]
    assert after(told) == wanted
    assert after(data.draw(st.permutations(told))) == wanted


def test_an_offset_never_falls() -> None:
    assert advanced([3, 40], (3, 39)) == [3, 40]
    assert advanced([3, 40], (3, 41)) == [3, 41]


def test_a_source_not_heard_of_finds_its_place() -> None:
    assert advanced([], (3, 0)) == [3, 0]
    assert advanced([1, 7, 5, 9], (3, 0)) == [1, 7, 3, 0, 5, 9]
    assert advanced([1, 7, 5, 9], (0, 4)) == [0, 4, 1, 7, 5, 9]
    assert advanced([1, 7], (5, 2)) == [1, 7, 5, 2]


def test_the_given_list_is_left_alone() -> None:
    positions = [3, 40]
    advanced(positions, (3, 41))
    advanced(positions, (1, 1))
    assert positions == [3, 40]


@given(told=places, place=st.tuples(st.sampled_from([0, 3, 1_000]), st.integers(0, 50)))
def test_covered_is_what_stands_at_or_before(told: list[Position], place: Position) -> None:
    assert covers(after(told), place) == any(
        source == place[0] and offset >= place[1] for source, offset in told
    )


def test_an_offset_is_not_taken_for_a_source() -> None:
    assert not covers([3, 1_000], (1_000, 0))
    assert advanced([3, 1_000], (1_000, 0)) == [3, 1_000, 1_000, 0]
