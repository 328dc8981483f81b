import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import MINOR_DIGITS, SETTLEMENT_CURRENCY, SYMBOLS, format_money


@pytest.mark.parametrize(
    ("amount_minor", "currency", "text"),
    [
        (0, "USD", "$0.00"),
        (5, "USD", "$0.05"),
        (123_450, "USD", "$1,234.50"),
        (-123_450, "USD", "-$1,234.50"),
        (10**12, "USD", "$10,000,000,000.00"),
        (1_999, "EUR", "€19.99"),
        (500, "SEK", "5.00 SEK"),
        (-500, "SEK", "-5.00 SEK"),
        (1_500, "JPY", "¥1,500"),
        (1_500, "KRW", "1,500 KRW"),
        (12_345, "KWD", "12.345 KWD"),
        (12_345, "XXX", "123.45 XXX"),
    ],
)
def test_money_for_people(amount_minor: int, currency: str, text: str) -> None:
    assert format_money(amount_minor, currency) == text


def test_without_a_currency_it_is_the_one_we_settle_in() -> None:
    assert format_money(100) == format_money(100, SETTLEMENT_CURRENCY)


@given(amount_minor=st.integers(-(10**12), 10**12), currency=st.sampled_from(sorted(MINOR_DIGITS)))
def test_not_a_minor_unit_is_lost(amount_minor: int, currency: str) -> None:
    digits = "".join(c for c in format_money(amount_minor, currency) if c.isdigit())
    assert int(digits) == abs(amount_minor)


def test_every_symbol_belongs_to_a_known_currency() -> None:
    assert set(SYMBOLS) <= set(MINOR_DIGITS)
