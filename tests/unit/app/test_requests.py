from datetime import UTC, datetime, timedelta, timezone

import pytest
from factories import NOW_MS, a_body, a_request
from msgspec import json

from app import problems
from app.problems import RequestRefused
from app.requests import read_outcome, read_transaction, require_fresh, require_id
from domain.events import from_ms, to_ms

NOW = from_ms(NOW_MS)


def refusal(raw: bytes) -> RequestRefused:
    with pytest.raises(RequestRefused) as refused:
        read_transaction(raw)
    return refused.value


def test_a_good_body_becomes_the_request_it_was_made_from() -> None:
    request = a_request()
    assert read_transaction(json.encode(request)) == request


def test_a_promotion_may_be_named() -> None:
    request = a_request(promo_id="promo_first")
    assert read_transaction(json.encode(request)) == request
    assert request.transaction().promo_id == "promo_first"
    assert refusal(json.encode(a_body(promo_id="first"))).field == "promo_id"


def test_a_hash_of_the_email_may_be_given() -> None:
    email_hash = "emh_jeh5cy3akcawqu37cvzbzrqrih2fu4tf4zpwx4vspl6pa73gwlpa"
    assert read_transaction(json.encode(a_request(email_hash=email_hash))).email_hash == email_hash
    for wrong in ("rider@example.com", email_hash[:-1], email_hash + "a", email_hash.replace("4", "1")):
        assert refusal(json.encode(a_body(email_hash=wrong))).field == "email_hash"


def test_a_request_without_what_came_later_has_the_canonical_bytes_it_always_had() -> None:
    """A repeat of a request kept by an older release must not pass for another body."""
    canonical = a_request().canonical()
    assert b"promo" not in canonical
    assert b"email" not in canonical


def test_the_transaction_is_flat_and_in_milliseconds() -> None:
    request = a_request(requested_at=datetime(2026, 9, 21, 14, 13, 20, 250_000, tzinfo=UTC))
    transaction = request.transaction()
    assert transaction.requested_at_ms == to_ms(request.requested_at)
    assert (transaction.pickup_zone, transaction.pickup_lat, transaction.pickup_lon) == (
        "zone_a",
        40.71,
        -74.0,
    )
    assert transaction.dropoff_zone == "zone_b"


def test_two_ways_of_writing_one_request_are_the_same_canonically() -> None:
    body = a_body(requested_at="2026-09-21T14:13:20Z")
    other_way = dict(reversed(body.items())) | {"requested_at": "2026-09-21T16:13:20.000+02:00"}
    first, second = (read_transaction(json.encode(way)) for way in (body, other_way))
    assert first.canonical() == second.canonical()


def test_a_currency_other_than_the_settlement_currency_is_a_problem_of_its_own() -> None:
    refused = refusal(json.encode(a_body(currency="EUR")))
    assert (refused.problem, refused.field) == (problems.WRONG_CURRENCY, "currency")
    assert "USD" in refused.detail


@pytest.mark.parametrize(
    ("ahead", "taken"),
    [(timedelta(minutes=5), True), (timedelta(minutes=5, seconds=1), False),
     (timedelta(hours=-24), True), (timedelta(hours=-24, seconds=-1), False)],
)  # fmt: skip
def test_the_time_of_the_request_must_be_near(ahead: timedelta, taken: bool) -> None:
    request = read_transaction(json.encode(a_body(requested_at=NOW + ahead)))
    if taken:
        require_fresh(request, NOW_MS)
    else:
        with pytest.raises(RequestRefused) as refused:
            require_fresh(request, NOW_MS)
        assert refused.value.field == "requested_at"


def test_a_time_in_another_zone_is_the_same_instant() -> None:
    there = NOW.astimezone(timezone(timedelta(hours=-9, minutes=-30)))
    assert read_transaction(json.encode(a_body(requested_at=there))).requested_at == NOW


@pytest.mark.parametrize(
    "field", ["transaction_id", "user_id", "card_id", "pickup"],
)  # fmt: skip
def test_a_key_that_stands_there_twice_is_refused(field: str) -> None:
    raw = json.encode(a_body())
    again = json.encode({field: a_body()[field]})[1:-1]
    refused = refusal(raw[:-1] + b"," + again + b"}")
    assert (refused.problem, refused.field) == (problems.MALFORMED_JSON, field)


def test_a_nested_key_that_stands_there_twice_is_refused() -> None:
    raw = json.encode(a_body()).replace(b'"lat":40.71', b'"lat":40.71,"lat":0.5')
    assert refusal(raw).field == "lat"


@pytest.mark.parametrize("field", ["card_id", "driver_id", "ride_id"])
def test_a_card_number_names_the_field_and_never_the_value(field: str) -> None:
    prefix = {"card_id": "card", "driver_id": "drv", "ride_id": "ride"}[field]
    refused = refusal(json.encode(a_body(**{field: f"{prefix}_4111111111111111"})))
    assert (refused.problem, refused.field) == (problems.CARD_NUMBER, field)
    assert "4111" not in str(refused)


def test_a_card_number_in_a_zone_is_found_too() -> None:
    place = {"zone": "zone_4111111111111111", "lat": 1.0, "lon": 1.0}
    assert refusal(json.encode(a_body(dropoff=place))).field == "dropoff.zone"


@pytest.mark.parametrize("extra", ["4111 1111 1111 1111", "x" * 300 + "4111111111111111"])
def test_an_unknown_field_named_like_a_card_number_is_not_echoed(extra: str) -> None:
    refused = refusal(json.encode(a_body(**{extra: 1})))
    assert refused.problem is problems.INVALID_REQUEST
    assert "1111" not in str(refused)
    assert len(refused.detail) < 250


def test_a_detail_says_what_and_where() -> None:
    refused = refusal(json.encode(a_body(pickup={"zone": "zone_a", "lat": "40", "lon": 1.0})))
    assert (refused.problem, refused.field) == (problems.INVALID_REQUEST, "pickup.lat")
    assert refused.detail == "Expected `float`, got `str`"


def test_an_outcome_is_read() -> None:
    raw = (
        b'{"outcome":"chargeback","occurred_at":"2026-09-21T14:00:00Z","reason_code":"10.4","amount_minor":5}'
    )
    report = read_outcome(raw, NOW_MS)
    assert (report.outcome, report.reason_code, report.amount_minor) == ("chargeback", "10.4", 5)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"outcome":"lost","occurred_at":"2026-09-21T14:00:00Z"}',
        b'{"outcome":"captured","occurred_at":"2026-09-21T14:00:00"}',
        b'{"outcome":"captured","occurred_at":"2036-09-21T14:00:00Z"}',
        b'{"outcome":"captured","occurred_at":"2026-09-21T14:00:00Z","amount_minor":0}',
        b'{"outcome":"captured","occurred_at":"2026-09-21T14:00:00Z","reason_code":"a b"}',
        b'{"outcome":"captured","occurred_at":"2026-09-21T14:00:00Z","note":"x"}',
        b'{"outcome":"captured"}',
    ],
)
def test_a_wrong_outcome_is_refused(raw: bytes) -> None:
    with pytest.raises(RequestRefused):
        read_outcome(raw, NOW_MS)


def test_a_wrong_choice_that_looks_like_a_card_number_is_not_echoed() -> None:
    raw = b'{"outcome":"4111111111111111","occurred_at":"2026-09-21T14:00:00Z"}'
    with pytest.raises(RequestRefused) as refused:
        read_outcome(raw, NOW_MS)
    assert "4111" not in str(refused.value)


def test_an_id_in_a_path() -> None:
    assert require_id("txn_a1", "txn", "transaction_id") == "txn_a1"
    for wrong in ("dec_a1", "txn_", "txn_A", "txn_a\n", "txn_" + "a" * 65, "txn_4111111111111111"):
        with pytest.raises(RequestRefused) as refused:
            require_id(wrong, "txn", "transaction_id")
        assert refused.value.field == "transaction_id"
