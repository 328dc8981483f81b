"""Ids that can never look like a card number, because they hold no digits."""

_DIGITS, _LETTERS = "0123456789abcdef", "bcdfghjkmnpqrstv"
_TO_LETTERS = str.maketrans(_DIGITS, _LETTERS)
_TO_DIGITS = str.maketrans(_LETTERS, _DIGITS)


def in_letters(hexadecimal: str) -> str:
    """The same order without digits: a long run of them could pass for a card number."""
    return hexadecimal.translate(_TO_LETTERS)


def out_of_letters(text: str) -> str | None:
    """The hexadecimal digits again; None for letters that `in_letters` never gives."""
    return text.translate(_TO_DIGITS) if set(text) <= set(_LETTERS) else None
