"""docs/feature-contract.md: time and money, what reaches what."""

import json
from collections.abc import Callable
from datetime import datetime

import pytest
from event_factories import (
    NOW_MS,
    ONE_OF_EACH,
    a_cancel,
    a_correction,
    a_history,
    a_login,
    a_payment,
    a_payment_outcome,
)
from msgspec import msgpack
from raw_records import a_record

from domain.errors import EventRefused
from domain.events import EARLIEST_MS, Event, decode_event, encode_event, event_time_ms, to_ms
from domain.fold import is_late
from domain.folded_ids import LATENESS_HORIZON_MS
from domain.history import encode_history
from flink_jobs.as_known import KnownPast, step_of
from flink_jobs.routing import targets

MINUTE_MS = 60_000


def _with(event: Event, **fields: object) -> bytes:
    return json.dumps({**json.loads(encode_event(event)), **fields}).encode()


def test_rule_times_are_integer_milliseconds() -> None:
    told = _with(a_login(), event_time="2026-11-25T05:00:00.0019+02:00")
    at_ms = event_time_ms(decode_event(told, NOW_MS + 10**10))
    assert at_ms == to_ms(datetime.fromisoformat("2026-11-25T03:00:00.001+00:00"))
    assert type(at_ms) is int
    with pytest.raises(EventRefused, match="invalid"):
        decode_event(_with(a_login(), event_time="2026-11-25T05:00:00"), NOW_MS)


def _numbers(value: object) -> list[object]:
    if isinstance(value, dict):
        return [number for part in value.values() for number in _numbers(part)]
    if isinstance(value, list):
        return [number for part in value for number in _numbers(part)]
    return [value]


@pytest.mark.parametrize("amount", [0, -1, 18.5, "1850"])
def test_rule_money_is_in_minor_units(amount: object) -> None:
    with pytest.raises(EventRefused):
        decode_event(_with(a_payment(), amount_minor=amount), NOW_MS)
    history = a_history("user", a_payment(amount_minor=7), a_payment(amount_minor=5), a_correction())
    assert not [n for n in _numbers(msgpack.decode(encode_history(history))) if isinstance(n, float)]


@pytest.mark.parametrize("at_ms", [NOW_MS + 5 * MINUTE_MS + 1, EARLIEST_MS - 1])
def test_rule_an_event_far_ahead_is_refused(at_ms: int) -> None:
    assert to_ms(datetime.fromisoformat("2000-01-01T00:00:00+00:00")) == EARLIEST_MS
    with pytest.raises(EventRefused):
        decode_event(encode_event(a_login(at_ms=at_ms)), NOW_MS)
    assert step_of(a_record(a_login(at_ms=at_ms), record_time_ms=NOW_MS)) is None
    for just_right in (NOW_MS + 5 * MINUTE_MS, EARLIEST_MS):
        assert decode_event(encode_event(a_login(at_ms=just_right)), NOW_MS)


def test_rule_late_is_a_fact_of_the_event() -> None:
    assert LATENESS_HORIZON_MS == 60 * MINUTE_MS
    event = a_login(at_ms=NOW_MS)
    assert not is_late(event, NOW_MS + LATENESS_HORIZON_MS)
    assert is_late(event, NOW_MS + LATENESS_HORIZON_MS + 1)
    late = a_record(a_payment(at_ms=NOW_MS), record_time_ms=NOW_MS + LATENESS_HORIZON_MS + 1, offset=0)
    other = a_record(a_payment(at_ms=NOW_MS), record_time_ms=NOW_MS + LATENESS_HORIZON_MS, offset=1)
    history = KnownPast([late, other]).history("card", "card_a", [1000, 1])
    assert history is not None
    assert history.version == 1


ROUTES: dict[str, set[tuple[str, str]]] = {
    "payment.decided": {("card", "card_a"), ("user", "usr_a"), ("device", "dev_a"), ("zone", "zone_a")},
    "payment.outcome": {("card", "card_a"), ("user", "usr_a")},
    "payment.corrected": {("card", "card_a"), ("user", "usr_a"), ("device", "dev_a")},
    "card.added": {("card", "card_a"), ("user", "usr_a"), ("device", "dev_a")},
    "ride.requested": {("user", "usr_a"), ("zone", "zone_a")},
    "ride.cancelled": {("user", "usr_a"), ("zone", "zone_a")},
    "device.login": {("user", "usr_a"), ("device", "dev_a")},
    "profile.changed": {("user", "usr_a"), ("profile", "usr_a")},
    "account.created": {("device", "dev_a"), ("profile", "usr_a")},
}


@pytest.mark.parametrize("build", ONE_OF_EACH)
def test_rule_events_reach_their_entities(build: Callable[..., Event]) -> None:
    event = build()
    assert set(targets(event)) == ROUTES.get(str(event.__struct_config__.tag), set())


def test_a_device_or_zone_is_reached_if_it_is_told() -> None:
    told = a_payment_outcome(device_id="dev_b", pickup_zone="zone_b")
    assert {("device", "dev_b"), ("zone", "zone_b")} < set(targets(told))
    for untold in (a_payment_outcome(device_id=None, pickup_zone=None), a_cancel(pickup_zone=None)):
        assert not {kind for kind, _ in targets(untold)} & {"device", "zone"}
