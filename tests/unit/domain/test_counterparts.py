from event_factories import NOW_MS
from hypothesis import given
from hypothesis import strategies as st

from domain.counterparts import CAP, distinct_since, seen

sightings = st.lists(
    st.tuples(st.integers(0, 60).map(lambda i: f"dev_{i}"), st.integers(NOW_MS, NOW_MS + 500)), max_size=150
)


def after(stream: list[tuple[str, int]]) -> tuple[list[str], list[int]]:
    ids: list[str] = []
    times: list[int] = []
    for other, time_ms in stream:
        ids, times = seen(ids, times, other, time_ms)
    return ids, times


@given(stream=sightings)
def test_kept_are_the_last_sightings_of_those_seen_most_recently(stream: list[tuple[str, int]]) -> None:
    last: dict[str, int] = {}
    for other, time_ms in stream:
        last[other] = max(last.get(other, 0), time_ms)
    wanted = sorted((time_ms, other) for other, time_ms in last.items())[-CAP:]
    ids, times = after(stream)
    assert list(zip(times, ids, strict=True)) == wanted


@given(stream=sightings, data=st.data())
def test_the_order_of_sightings_does_not_matter(stream: list[tuple[str, int]], data: st.DataObject) -> None:
    assert after(data.draw(st.permutations(stream))) == after(stream)


def test_an_older_sighting_changes_nothing() -> None:
    ids, times = ["dev_a"], [NOW_MS]
    assert seen(ids, times, "dev_a", NOW_MS - 1) == (ids, times)
    assert seen(ids, times, "dev_a", NOW_MS) == (ids, times)


def test_the_given_lists_are_left_alone() -> None:
    ids, times = ["dev_a", "dev_b"], [NOW_MS, NOW_MS + 1]
    assert seen(ids, times, "dev_a", NOW_MS + 2) == (["dev_b", "dev_a"], [NOW_MS + 1, NOW_MS + 2])
    assert (ids, times) == (["dev_a", "dev_b"], [NOW_MS, NOW_MS + 1])


def test_the_oldest_leaves_when_all_places_are_taken() -> None:
    full = [(f"dev_{i:02}", NOW_MS + i) for i in range(CAP)]
    ids, times = after([*full, ("dev_new", NOW_MS + CAP)])
    assert list(zip(ids, times, strict=True)) == [*full[1:], ("dev_new", NOW_MS + CAP)]


def test_one_older_than_all_finds_no_place() -> None:
    full = [(f"dev_{i:02}", NOW_MS + i) for i in range(CAP)]
    assert after([*full, ("dev_old", NOW_MS - 1)]) == after(full)


def test_a_sighting_at_the_edge_is_outside() -> None:
    assert distinct_since([NOW_MS, NOW_MS + 1], NOW_MS) == 1
