"""Finds what looks like a payment card's number, so that none ever enters."""

import re

# Prefix of the brand, then the lengths it issues. Luhn alone is met by one digit run in ten.
_BRANDS = tuple(
    (re.compile(prefix), lengths)
    for prefix, lengths in (
        (r"4", (13, 16, 19)),  # Visa
        (r"5[1-5]|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720", (16,)),  # Mastercard
        (r"3[47]", (15,)),  # American Express
        (r"6011|64[4-9]|65", range(16, 20)),  # Discover
        (r"30[0-5]|3[689]", (14,)),  # Diners Club
        (r"35(2[89]|[3-8]\d)", range(16, 20)),  # JCB
        (r"62|81", range(16, 20)),  # UnionPay
        (r"50[1-3]\d|5[6-8]|6304|6390|67", range(13, 20)),  # Maestro
        (r"220[0-4]", range(16, 20)),  # Mir
        (r"60|65|81|82|508", (16,)),  # RuPay
    )
)
_RUN = re.compile(r"[0-9](?:[ -]?[0-9]){12,}")
_GROUP = re.compile(r"[0-9]+")


def holds_card_number(text: str) -> bool:
    """Whether digits in `text`, spaces and dashes allowed, have a brand's prefix and length and pass Luhn."""
    return any(_run_holds(run.group()) for run in _RUN.finditer(text))


def _run_holds(run: str) -> bool:
    """A number may start and end at any group, as in "4111 1111 1111 1111 12-28"."""
    groups = _GROUP.findall(run)
    for first in range(len(groups)):
        digits = ""
        for group in groups[first:]:
            digits += group
            if len(digits) > 19:
                break
            if _is_card_number(digits):
                return True
    return False


def _is_card_number(digits: str) -> bool:
    return (
        13 <= len(digits) <= 19
        and any(len(digits) in lengths and prefix.match(digits) for prefix, lengths in _BRANDS)
        and _passes_luhn(digits)
    )


def _passes_luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
