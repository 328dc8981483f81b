"""The past as it was known: at places, and by time with hindsight."""

import pytest
from event_factories import (
    NOW_MS,
    a_card_added,
    a_payment,
    a_payment_outcome,
    a_profile_change,
    a_ride_request,
    an_account,
)
from past import Past, folded, folded_profile

from domain.history import History
from domain.profile import Profile
from domain.raw_record import RawRecord
from flink_jobs.as_known import KnownPast, PastForgotten, Reach

HOUR_MS = 3_600_000
MIXED = (
    a_card_added(at_ms=NOW_MS - 9 * HOUR_MS),
    a_ride_request(at_ms=NOW_MS - 8 * HOUR_MS, ride_id="ride_a"),
    a_payment(at_ms=NOW_MS - 7 * HOUR_MS, ride_id="ride_a"),
    a_payment(at_ms=NOW_MS - 6 * HOUR_MS, driver_id="drv_b"),
    a_payment_outcome(at_ms=NOW_MS - 5 * HOUR_MS),
    a_payment(at_ms=NOW_MS - 4 * HOUR_MS, card_id="card_b"),
)


def as_the_job_told_it(past: Past, kind: str = "user") -> list[History]:
    """Each version of the history of usr_a, as the events came in."""
    versions: list[History] = []
    for event in MIXED:
        record = past.tell(event)
        versions.append(folded(kind, versions[-1] if versions else None, event, record))  # type: ignore[arg-type]
    return versions


def reach_of(versions: list[History]) -> Reach:
    return Reach(first=versions[0].positions, last=versions[-1].positions)


def test_each_version_is_rebuilt_from_its_positions() -> None:
    past = Past()
    versions = as_the_job_told_it(past)
    known = KnownPast(past.ordered())
    assert [known.history("user", "usr_a", version.positions) for version in versions] == versions


def test_questions_may_go_back() -> None:
    past = Past()
    versions = as_the_job_told_it(past)
    known = KnownPast(past.ordered(), {("user", "usr_a"): reach_of(versions)})
    assert [known.history("user", "usr_a", v.positions) for v in reversed(versions)] == versions[::-1]


def test_what_no_answer_may_hold_is_left_out() -> None:
    past = Past()
    versions = as_the_job_told_it(past)
    known = KnownPast(past.ordered(), {("user", "usr_a"): reach_of(versions[2:4])})
    assert known.history("user", "usr_a", versions[2].positions) == versions[2]
    assert known.history("user", "usr_a", versions[3].positions) == versions[3]
    assert known.history("user", "usr_a", versions[5].positions) == versions[3]


def test_only_the_entities_asked_for_are_kept() -> None:
    past = Past()
    versions = as_the_job_told_it(past)
    known = KnownPast(past.ordered(), {("user", "usr_a"): reach_of(versions)})
    assert known.history("card", "card_a", versions[-1].positions) is None


def test_nobody_heard_of_is_none() -> None:
    assert KnownPast([]).history("card", "card_a", []) is None
    assert KnownPast([]).profile("usr_a", []) is None


def test_refused_and_late_records_are_no_part_of_it() -> None:
    past = Past()
    versions = as_the_job_told_it(past)
    past.tell(a_payment(at_ms=NOW_MS - 3 * HOUR_MS), known_at_ms=NOW_MS)
    past.tell(a_payment(at_ms=NOW_MS + HOUR_MS), known_at_ms=NOW_MS)
    alien = past.records[-1]
    past.records.append(
        RawRecord(
            topic=alien.topic,
            partition=alien.partition,
            offset=alien.offset + 1,
            record_time_ms=NOW_MS,
            key=None,
            body=None,
        )
    )
    far = [number for source in (0, 1000, 2000) for at in range(4) for number in (source + at, 1_000)]
    assert KnownPast(past.ordered()).history("user", "usr_a", far) == versions[-1]


def test_a_profile_is_rebuilt_too() -> None:
    past, profile = Past(), None
    versions: list[Profile] = []
    for event in (an_account(at_ms=NOW_MS - HOUR_MS), a_profile_change(at_ms=NOW_MS)):
        profile = folded_profile(profile, event, past.tell(event))
        versions.append(profile)
    known = KnownPast(past.ordered())
    assert [known.profile("usr_a", version.positions) for version in versions] == versions


def test_hindsight_goes_by_time_and_leaves_out_the_own_payment() -> None:
    past = Past()
    own = a_payment(at_ms=NOW_MS)
    past.tell(own)
    told_later = a_payment(at_ms=NOW_MS - 1, driver_id="drv_late")
    past.tell(told_later, known_at_ms=NOW_MS + HOUR_MS // 2)
    past.tell(a_payment(at_ms=NOW_MS + 1, driver_id="drv_after"))
    known = KnownPast(past.ordered())
    user = known.history_by_time("user", "usr_a", NOW_MS, without=own.id)
    assert user is not None
    assert user.recent_ids == [told_later.id]
    later = known.history_by_time("user", "usr_a", NOW_MS + 1, without="")
    assert later is not None
    assert later.recent_drivers == ["drv_late", "drv_a", "drv_after"]


def test_a_base_stands_for_the_records_that_it_holds() -> None:
    past = Past()
    versions = as_the_job_told_it(past)
    base = versions[2]
    reaches = {("user", "usr_a"): reach_of(versions[3:])}
    known = KnownPast(past.records[1:], reaches, {("user", "usr_a"): base})
    assert known.history("user", "usr_a", versions[4].positions) == versions[4]
    with pytest.raises(PastForgotten):
        known.history("user", "usr_a", versions[1].positions)
