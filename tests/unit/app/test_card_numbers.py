import pytest

from app.card_numbers import holds_card_number

CARDS = [
    "4111111111111111",
    "4222222222222",
    "5555555555554444",
    "2223003122003222",
    "378282246310005",
    "6011111111111117",
    "30569309025904",
    "3530111333300000",
    "6200000000000005",
    "6759649826438453",
]


@pytest.mark.parametrize("number", CARDS)
def test_numbers_of_all_brands_are_found(number: str) -> None:
    assert holds_card_number(number)


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "card_4111111111111111",
        "x4111111111111111y",
        "paid with 4111 1111 1111 1111 12-28",
        "7 4111111111111111",
    ],
)
def test_a_number_is_found_wherever_it_stands(text: str) -> None:
    assert holds_card_number(text)


@pytest.mark.parametrize(
    "text",
    [
        "4111111111111112",  # Luhn fails
        "411111111111",  # 12 digits
        "41111111111111111111111",  # 23 digits in one run
        "1790000000000",  # milliseconds
        "9111111111111111",  # no brand
        "4111111111111129911",
        "4111.1111.1111.1111",
        "4111  1111  1111  1111",
        "card_7k2m9q",
        "",
    ],
)
def test_other_digits_are_let_through(text: str) -> None:
    assert not holds_card_number(text)


def test_milliseconds_of_a_day_are_never_card_numbers() -> None:
    day = range(1_790_000_000_000, 1_790_086_400_000, 86_413)
    assert not any(holds_card_number(str(time_ms)) for time_ms in day)
