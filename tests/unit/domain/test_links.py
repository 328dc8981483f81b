from collections.abc import Callable

import pytest
from event_factories import (
    NOW_MS,
    ONE_OF_EACH,
    a_card_added,
    a_login,
    a_payment,
    an_account,
)

from domain.decision import Verdict
from domain.display import HOUR_MS
from domain.errors import EventRefused
from domain.events import Event, encode_event
from domain.links import LINK_TOPICS, LINK_TYPES, Link, Telling, links_of, telling_of
from domain.raw_record import RawRecord
from domain.topics import DECISIONS, RIDES, Topic

CARD, DEVICE = Link(("card", "card_a"), "usr_a"), Link(("device", "dev_a"), "usr_a")


def a_record(event: Event, topic: Topic, *, known_at_ms: int = NOW_MS) -> RawRecord:
    body = encode_event(event)
    return RawRecord(
        topic=topic.name, partition=0, offset=5, record_time_ms=known_at_ms, key=b"usr_a", body=body
    )


@pytest.mark.parametrize("verdict", Verdict)
def test_a_payment_links_its_rider_with_card_and_device_whatever_its_verdict(verdict: Verdict) -> None:
    assert links_of(a_payment(verdict=verdict)) == (CARD, DEVICE)


def test_an_added_card_links_its_rider_with_card_and_device() -> None:
    assert links_of(a_card_added()) == (CARD, DEVICE)


@pytest.mark.parametrize("build", [an_account, a_login])
def test_an_account_and_a_login_link_a_rider_with_a_device(build: Callable[..., Event]) -> None:
    assert links_of(build()) == (DEVICE,)


def test_no_other_event_links_anybody() -> None:
    linking = {str(build().__struct_config__.tag) for build in ONE_OF_EACH if links_of(build())}
    assert linking == set(LINK_TYPES) == {"payment.decided", "card.added", "account.created", "device.login"}


def test_a_record_tells_its_links_with_both_times() -> None:
    record = a_record(a_card_added(at_ms=NOW_MS - 7), RIDES)
    assert telling_of(record) == Telling((CARD, DEVICE), NOW_MS - 7, NOW_MS)


@pytest.mark.parametrize("build", ONE_OF_EACH)
def test_events_that_link_nobody_tell_nothing_wherever_they_stand(build: Callable[..., Event]) -> None:
    event = build()
    if not links_of(event):
        assert all(telling_of(a_record(event, topic)) is None for topic in LINK_TOPICS)


@pytest.mark.parametrize(("event", "topic"), [(a_payment(), RIDES), (a_login(), DECISIONS)])
def test_an_event_in_a_foreign_topic_is_refused(event: Event, topic: Topic) -> None:
    with pytest.raises(EventRefused, match="is told by"):
        telling_of(a_record(event, topic))


def test_what_cannot_be_read_is_refused() -> None:
    broken = RawRecord(topic=RIDES.name, partition=0, offset=1, record_time_ms=NOW_MS, key=None, body=b"{")
    with pytest.raises(EventRefused):
        telling_of(broken)


def test_a_late_event_links_nobody() -> None:
    assert telling_of(a_record(a_login(at_ms=NOW_MS - HOUR_MS), RIDES)) is not None
    assert telling_of(a_record(a_login(at_ms=NOW_MS - HOUR_MS - 1), RIDES)) is None
