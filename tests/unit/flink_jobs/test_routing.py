from collections.abc import Callable

import pytest
from event_factories import (
    ONE_OF_EACH,
    a_cancel,
    a_card_added,
    a_card_removed,
    a_correction,
    a_driver_contact,
    a_heartbeat,
    a_location,
    a_login,
    a_payment,
    a_payment_outcome,
    a_profile_change,
    a_ride_end,
    a_ride_request,
    an_account,
)

from domain.errors import EventRefused
from domain.events import Event
from domain.topics import DECISIONS, LABELS, RIDES, SOURCES
from flink_jobs.routing import KINDS, TYPES_IN_TOPIC, check_topic, targets

CARD, USER, PROFILE = ("card", "card_a"), ("user", "usr_a"), ("profile", "usr_a")
DEVICE, ZONE = ("device", "dev_a"), ("zone", "zone_a")
TARGETS: list[tuple[Callable[..., Event], list[tuple[str, str]]]] = [
    (a_payment, [CARD, USER, DEVICE, ZONE]),
    (a_payment_outcome, [CARD, USER]),
    (a_correction, [CARD, USER, DEVICE]),
    (a_card_added, [CARD, USER, DEVICE]),
    (a_card_removed, []),
    (a_ride_request, [USER, ZONE]),
    (a_cancel, [USER, ZONE]),
    (a_login, [USER, DEVICE]),
    (a_profile_change, [USER, PROFILE]),
    (an_account, [DEVICE, PROFILE]),
    (a_location, []),
    (a_driver_contact, []),
    (a_ride_end, []),
    (a_heartbeat, []),
]
HOMES = {
    a_payment: {DECISIONS.name},
    a_payment_outcome: {LABELS.name},
    a_correction: {LABELS.name},
    a_heartbeat: {t.name for t in SOURCES},
}


@pytest.mark.parametrize(("build", "wanted"), TARGETS)
def test_which_histories_an_event_changes(build: Callable[..., Event], wanted: list[tuple[str, str]]) -> None:
    assert targets(build()) == wanted


def test_an_outcome_that_names_its_device_and_zone_reaches_both() -> None:
    outcome = a_payment_outcome(device_id="dev_a", pickup_zone="zone_a")
    assert targets(outcome) == [CARD, USER, DEVICE, ZONE]


def test_a_cancel_of_an_unnamed_zone_reaches_none() -> None:
    assert targets(a_cancel(pickup_zone=None)) == [USER]


def test_every_event_has_its_line_above() -> None:
    assert {build for build, _ in TARGETS} == set(ONE_OF_EACH)


def test_a_job_of_some_kinds_takes_only_theirs() -> None:
    assert KINDS == ("card", "user", "device", "zone", "profile")
    assert targets(a_payment(), ("user",)) == [USER]
    assert targets(a_payment(), ("profile",)) == []


@pytest.mark.parametrize("topic", [topic.name for topic in SOURCES])
@pytest.mark.parametrize("build", ONE_OF_EACH)
def test_an_event_stands_in_its_own_topic_only(build: Callable[..., Event], topic: str) -> None:
    event = build()
    if topic in HOMES.get(build, {RIDES.name}):
        check_topic(event, topic)
        return
    with pytest.raises(EventRefused, match=f"does not belong into {topic}") as caught:
        check_topic(event, topic)
    assert caught.value.reason == "wrong_topic"


def test_every_source_topic_says_what_may_stand_in_it() -> None:
    assert set(TYPES_IN_TOPIC) == {topic.name for topic in SOURCES}
