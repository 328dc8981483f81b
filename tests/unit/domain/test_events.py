"""What is read as an event, and why the rest is refused."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, get_args

import pytest
from event_factories import (
    NOW_MS,
    ONE_OF_EACH,
    a_cancel,
    a_correction,
    a_payment,
    a_payment_outcome,
    a_profile_change,
    an_account,
)
from hypothesis import given
from hypothesis import strategies as st

from domain.display import DAY_MS
from domain.errors import EventRefused, FaregateError
from domain.events import (
    EARLIEST_MS,
    MAX_AHEAD_MS,
    MAX_EVENT_BYTES,
    Event,
    decode_event,
    encode_event,
    event_time_ms,
    from_ms,
    to_ms,
)

CARD_NUMBER = "4111 1111 1111 1111"


def body(build: Callable[..., Event] = a_payment, **given: Any) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(encode_event(build()))
    return {**fields, **given}


def refusal(raw: bytes | None, record_time_ms: int = NOW_MS) -> EventRefused:
    with pytest.raises(EventRefused) as caught:
        decode_event(raw, record_time_ms)
    return caught.value


def refused(**given: Any) -> EventRefused:
    return refusal(json.dumps(body(**given)).encode())


@pytest.mark.parametrize("build", ONE_OF_EACH)
def test_every_event_comes_back_as_it_was_written(build: Callable[..., Event]) -> None:
    event = build()
    assert decode_event(encode_event(event), NOW_MS) == event


def test_there_is_a_factory_for_every_event() -> None:
    assert {type(build()) for build in ONE_OF_EACH} == set(get_args(Event))


def test_an_event_is_one_json_object_told_apart_by_its_type() -> None:
    written = body()
    assert written["type"] == "payment.decided"
    assert written["event_time"] == "2026-09-21T14:13:20Z"
    assert "version" in written


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (None, "empty"),
        (b"", "not_json"),
        (b"not json", "not_json"),
        (b'{"type": "device.login"', "not_json"),
        (b'{"type":"device.login","id":"\xff"}', "not_json"),
        (b'{"x":' * 10_000, "not_json"),
        (b"null", "invalid"),
        (b"[1, 2]", "invalid"),
        (b"{}", "invalid"),
        (b" " * (MAX_EVENT_BYTES + 1), "too_large"),
        (b'"' + b"x" * 1024 * 1024 + b'"', "too_large"),
    ],
)
def test_a_message_that_is_no_event_is_refused(raw: bytes | None, reason: str) -> None:
    assert refusal(raw).reason == reason


@pytest.mark.parametrize(
    "field", ["id", "event_time", "producer", "type", "user_id", "amount_minor", "verdict"]
)
def test_a_missing_field_is_named(field: str) -> None:
    fields = body()
    del fields[field]
    refused = refusal(json.dumps(fields).encode())
    assert refused.reason == "invalid"
    assert f"`{field}`" in refused.detail


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount_minor", "1850"),
        ("amount_minor", 18.5),
        ("amount_minor", -1),
        ("amount_minor", 0),
        ("amount_minor", 10**12 + 1),
        ("amount_minor", 10**400),
        ("amount_minor", None),
        ("user_id", 7),
        ("user_id", ""),
        ("user_id", "u" * 81),
        ("currency", "usd"),
        ("currency", "DOLLARS"),
        ("pickup_lat", 90.5),
        ("pickup_lat", "40.71"),
        ("pickup_lon", -181),
        ("distance_m", -1),
        ("verdict", "maybe"),
        ("type", 7),
        ("event_time", "2026-09-21T14:13:20"),
        ("event_time", "yesterday"),
        ("event_time", 1_790_000_000),
        ("event_time", "2026-13-01T00:00:00Z"),
    ],
)
def test_a_wrong_value_is_refused_with_its_field(field: str, value: Any) -> None:
    error = refused(**{field: value})
    assert error.reason == "invalid"
    assert f"`$.{field}`" in error.detail


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity"])
def test_a_number_that_is_none_is_not_json(number: bytes) -> None:
    raw = json.dumps(body(pickup_lat="?")).encode().replace(b'"?"', number)
    assert refusal(raw).reason == "not_json"


def test_a_number_beyond_all_floats_is_refused() -> None:
    raw = json.dumps(body(pickup_lat="?")).encode().replace(b'"?"', b"1e999")
    assert refusal(raw).reason == "invalid"


@pytest.mark.parametrize(
    ("known", "unknown", "reason"),
    [
        (b"payment.decided", b"payment.dreamt", "unknown_type"),
        (b'"version":1', b'"version":2', "unknown_version"),
        (b'"version":1', b'"version":"1"', "unknown_version"),
    ],
)
def test_what_a_newer_producer_may_send_is_refused_by_its_name(
    known: bytes, unknown: bytes, reason: str
) -> None:
    raw = encode_event(a_payment())
    assert known in raw
    assert refusal(raw.replace(known, unknown)).reason == reason


@pytest.mark.parametrize("field", ["verdict", "type", "user_id", "currency", "event_time", "version"])
@pytest.mark.parametrize(
    "content", [CARD_NUMBER, f"{CARD_NUMBER} - at", f"{CARD_NUMBER}\n", 4111111111111111]
)
def test_a_refusal_never_repeats_the_content(field: str, content: Any) -> None:
    error = refused(**{field: content if field != "user_id" else [content]})
    assert "4111" not in f"{error} {error.detail}"


def test_a_refusal_is_short_however_long_the_content() -> None:
    assert len(refused(type="x" * 50_000).detail) < 200


def test_fields_we_do_not_know_pass() -> None:
    payment = a_payment()
    fields = json.loads(encode_event(payment))
    later = {**fields, "tip_minor": 200, "notes": {"from": ["the", "future"]}}
    assert decode_event(json.dumps(later).encode(), NOW_MS) == payment


def test_a_size_at_the_limit_is_read() -> None:
    raw = encode_event(a_payment())
    assert decode_event(raw.ljust(MAX_EVENT_BYTES), NOW_MS)


@pytest.mark.parametrize(("ahead_ms", "reason"), [(MAX_AHEAD_MS, None), (MAX_AHEAD_MS + 1, "future")])
def test_an_event_may_be_a_little_ahead_of_its_record(ahead_ms: int, reason: str | None) -> None:
    raw = encode_event(a_payment(at_ms=NOW_MS + ahead_ms))
    if reason is None:
        assert decode_event(raw, NOW_MS)
    else:
        assert refusal(raw).reason == reason


@pytest.mark.parametrize(
    "time", ["9999-12-31T23:59:59.999999-14:00", "2026-09-21T14:18:20.001Z", "2030-01-01T00:00:00+00:00"]
)
def test_a_time_far_ahead_is_refused(time: str) -> None:
    assert refused(event_time=time).reason == "future"


@pytest.mark.parametrize(
    "time", ["0001-01-01T00:00:00+14:00", "1970-01-01T00:00:00Z", "1999-12-31T23:59:59Z"]
)
def test_a_time_that_a_history_would_take_for_never_is_refused(time: str) -> None:
    assert refused(event_time=time).reason == "past"


def test_the_first_millisecond_that_is_read() -> None:
    assert decode_event(encode_event(a_payment(at_ms=EARLIEST_MS)), NOW_MS)
    assert from_ms(EARLIEST_MS) == datetime(2000, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("build", [an_account, a_profile_change])
def test_a_profile_cannot_hold_from_tomorrow(build: Callable[..., Event]) -> None:
    raw = encode_event(build(valid_from=from_ms(NOW_MS) + timedelta(days=1)))
    assert refusal(raw).reason == "future"


@pytest.mark.parametrize(
    ("paid_at_ms", "reason"),
    [
        (NOW_MS - 90 * DAY_MS, None),
        (NOW_MS + MAX_AHEAD_MS, None),
        (NOW_MS + MAX_AHEAD_MS + 1, "future"),
        (EARLIEST_MS - 1, "past"),
    ],
)
def test_a_correction_is_of_a_payment_that_was(paid_at_ms: int, reason: str | None) -> None:
    raw = encode_event(a_correction(paid_at_ms=paid_at_ms))
    if reason is None:
        assert decode_event(raw, NOW_MS)
    else:
        assert refusal(raw).reason == reason


@pytest.mark.parametrize("field", ["before_minor", "after_minor"])
@pytest.mark.parametrize("amount", [0, -1, 1.5, None])
def test_a_correction_is_between_amounts_of_money(field: str, amount: Any) -> None:
    raw = json.dumps(body(a_correction, **{field: amount})).encode()
    assert f"`$.{field}`" in refusal(raw).detail


@pytest.mark.parametrize(
    ("build", "fields"),
    [
        (a_payment, ["promo_id"]),
        (a_payment_outcome, ["device_id", "pickup_zone"]),
        (a_cancel, ["driver_id", "pickup_zone"]),
    ],
)
def test_what_older_producers_did_not_tell_is_none(build: Callable[..., Event], fields: list[str]) -> None:
    older = body(lambda: build(**dict.fromkeys(fields, "some_id")))
    for field in fields:
        assert older.pop(field) == "some_id"
    event = decode_event(json.dumps(older).encode(), NOW_MS)
    assert [getattr(event, field) for field in fields] == [None] * len(fields)


def test_a_refusal_says_why_and_is_an_error_of_ours() -> None:
    error = refusal(None)
    assert isinstance(error, FaregateError)
    assert str(error) == "empty: the message has no value"


@given(time_ms=st.integers(EARLIEST_MS, 4 * 10**12))
def test_milliseconds_survive_exactly(time_ms: int) -> None:
    assert to_ms(from_ms(time_ms)) == time_ms
    assert event_time_ms(a_payment(at_ms=time_ms)) == time_ms


def test_a_time_in_another_zone_is_the_same_instant() -> None:
    zone = timezone(timedelta(hours=5, minutes=30))
    payment = a_payment(event_time=from_ms(NOW_MS).astimezone(zone))
    assert event_time_ms(decode_event(encode_event(payment), NOW_MS)) == NOW_MS


@given(raw=st.binary(max_size=300))
def test_no_bytes_raise_anything_but_a_refusal(raw: bytes) -> None:
    assert refusal(raw).reason in ("not_json", "invalid")


@given(data=st.data())
def test_no_damaged_event_raises_anything_but_a_refusal(data: st.DataObject) -> None:
    raw = bytearray(encode_event(a_payment()))
    for _ in range(data.draw(st.integers(1, 6))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        event = decode_event(bytes(raw), NOW_MS)
    except EventRefused:
        return
    assert decode_event(encode_event(event), NOW_MS) == event
