import pytest
from msgspec import DecodeError

from flink_jobs.delivery import Delivery, decode_delivery, encode_delivery

DELIVERY = Delivery("card", "card_a", b'{"is": "json"}', 1_790_000_000_000, 1003, 2**40)


def test_a_delivery_comes_back_as_it_was() -> None:
    assert decode_delivery(encode_delivery(DELIVERY)) == DELIVERY


def test_it_costs_little_more_than_the_event() -> None:
    assert len(encode_delivery(DELIVERY)) < len(DELIVERY.body) + 48


def test_half_a_delivery_is_refused() -> None:
    with pytest.raises(DecodeError):
        decode_delivery(encode_delivery(DELIVERY)[:-3])
