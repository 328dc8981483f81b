import pytest
from factories import a_request
from msgspec import json

from app import problems
from app.problems import RequestRefused
from app.requests import TransactionRequest
from app.strict_json import is_card_data_name, refuse_card_data, refuse_duplicate_keys


@pytest.mark.parametrize(
    "name",
    ["cvv", "CVV", "Cvv2", "cvc", "CVC2", "cid", "csc", "security_code", "SecurityCode", "security-code",
     "card_security_code", "pin", "PIN_BLOCK", "pan", "primary_account_number", "card_number", "cardNo",
     "cc_number", "track", "track_1", "track_data", "TRACK-DATA-2", "magstripe", "payment_card_cvv"],
)  # fmt: skip
def test_a_name_of_card_data_is_known_in_any_spelling(name: str) -> None:
    assert is_card_data_name(name)


@pytest.mark.parametrize(
    "name",
    [*TransactionRequest.__struct_fields__, "zone", "lat", "lon", "outcome", "reason_code", "label", "why",
     "pinned", "panorama", "company", "spin", "span", "tracking", "number", "order_number", "", "x" * 10_000,
     "card" * 9],
)  # fmt: skip
def test_other_names_are_not(name: str) -> None:
    assert not is_card_data_name(name)


def test_card_data_is_found_wherever_it_is() -> None:
    for body in ({"a": {"b": [{"cvv": 1}]}}, [{"cvv": 1}], {"a": [[{"cvv": None}]]}):
        with pytest.raises(RequestRefused) as refused:
            refuse_card_data(json.encode(body))
        assert refused.value.problem is problems.CARD_DATA


def test_a_field_that_is_told_never_holds_digits_of_a_card() -> None:
    with pytest.raises(RequestRefused) as refused:
        refuse_card_data(json.encode({"4111111111111111": {"cvv": 1}}))
    assert refused.value.field == "cvv"


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff", b"[" * 16_000, b'{"a":' * 3_000, b"1", b"NaN"])
def test_what_cannot_be_looked_through_is_left_alone(raw: bytes) -> None:
    refuse_card_data(raw)


def test_a_body_with_each_key_once_passes() -> None:
    refuse_duplicate_keys(json.encode(a_request()))
    with pytest.raises(RequestRefused) as refused:
        refuse_duplicate_keys(b'{"a":{"b":1,"c":2,"b":1}}')
    assert refused.value.field == "b"
