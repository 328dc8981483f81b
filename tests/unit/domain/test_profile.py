import pytest
from event_factories import NOW_MS, a_profile_change, an_account
from hypothesis import given
from hypothesis import strategies as st

from domain.display import DAY_MS
from domain.events import AccountCreated, ProfileChanged, from_ms
from domain.profile import Profile, decode_profile, encode_profile, fold_profile

Change = AccountCreated | ProfileChanged


@st.composite
def changes(draw: st.DrawFn) -> list[Change]:
    builds = draw(st.lists(st.sampled_from([an_account, a_profile_change]), min_size=1, max_size=12))
    return [
        build(
            id=f"evt_{i}",
            valid_from=from_ms(NOW_MS - draw(st.integers(0, 5))),
            home_zone=draw(st.sampled_from(["zone_a", "zone_b", "zone_c"])),
            rating_centi=draw(st.integers(100, 500)),
        )
        for i, build in enumerate(builds)
    ]


def folded(stream: list[Change]) -> Profile:
    profile = None
    for event in stream:
        profile = fold_profile(profile, event, NOW_MS)
    assert profile is not None, "a profile has at least one event"
    return profile


def content(profile: Profile) -> tuple[object, ...]:
    """All that does not tell of the order."""
    counted = ("version", "known_at_ms")
    return tuple(getattr(profile, name) for name in Profile.__struct_fields__ if name not in counted)


@given(stream=changes(), data=st.data())
def test_any_order_gives_the_same_account(stream: list[Change], data: st.DataObject) -> None:
    assert content(folded(data.draw(st.permutations(stream)))) == content(folded(stream))


@given(stream=changes())
def test_the_newest_change_holds(stream: list[Change]) -> None:
    newest = max(stream, key=lambda event: (event.valid_from, event.id))
    profile = folded(stream)
    assert (profile.home_zone, profile.rating_centi) == (newest.home_zone, newest.rating_centi)
    assert profile.last_event_id == newest.id


@given(stream=changes(), data=st.data())
def test_a_repeat_gives_back_the_very_same_object(stream: list[Change], data: st.DataObject) -> None:
    profile = folded(stream)
    assert fold_profile(profile, data.draw(st.sampled_from(stream)), NOW_MS + 1) is profile


@given(stream=changes())
def test_version_rises_with_the_content_and_only_then(stream: list[Change]) -> None:
    profile = fold_profile(None, stream[0], NOW_MS)
    assert profile.version == 1
    for event in stream[1:]:
        after = fold_profile(profile, event, NOW_MS)
        assert after.version - profile.version == int(content(after) != content(profile))
        profile = after


def test_version_depends_on_the_order() -> None:
    old, new = an_account(at_ms=NOW_MS - DAY_MS), a_profile_change(at_ms=NOW_MS)
    older_change = a_profile_change(at_ms=NOW_MS - 1)
    assert folded([old, older_change, new]).version == 3
    assert folded([old, new, older_change]).version == 2


def test_an_account_keeps_the_day_it_was_created() -> None:
    account = an_account(at_ms=NOW_MS - 400 * DAY_MS)
    again = an_account(at_ms=NOW_MS)
    assert folded([a_profile_change(), account, again]).account_created_ms == NOW_MS - 400 * DAY_MS
    assert folded([a_profile_change()]).account_created_ms == 0


@pytest.mark.parametrize(("first_ms", "then_ms"), [(5, 2), (2, 5)])
def test_known_at_is_the_newest_record_time_of_what_changed_it(first_ms: int, then_ms: int) -> None:
    profile = fold_profile(None, an_account(at_ms=NOW_MS - 2), NOW_MS + first_ms)
    profile = fold_profile(profile, a_profile_change(at_ms=NOW_MS), NOW_MS + then_ms)
    assert profile.known_at_ms == NOW_MS + 5


@given(stream=changes())
def test_bytes_hold_the_whole_profile(stream: list[Change]) -> None:
    assert decode_profile(encode_profile(folded(stream))) == folded(stream)


def test_a_profile_tells_where_the_events_stand_that_changed_it() -> None:
    old, new = an_account(at_ms=NOW_MS - DAY_MS), a_profile_change(at_ms=NOW_MS)
    profile = fold_profile(None, new, NOW_MS, (3, 40))
    profile = fold_profile(profile, old, NOW_MS, (2, 9))
    assert profile.positions == [2, 9, 3, 40]
    assert fold_profile(profile, new, NOW_MS, (3, 44)) is profile
    assert fold_profile(profile, a_profile_change(at_ms=NOW_MS + 1), NOW_MS).positions == [2, 9, 3, 40]


def test_a_profile_bears_the_epoch_it_began_in() -> None:
    profile = fold_profile(None, an_account(), NOW_MS, epoch=4)
    assert (profile.epoch, profile.version) == (4, 1)
    assert fold_profile(profile, a_profile_change(at_ms=NOW_MS + 1), NOW_MS).epoch == 4
    assert fold_profile(None, an_account(), NOW_MS).epoch == 1
