"""Ids that can never look like a card number, because they hold no digits."""

_LETTERS = str.maketrans("0123456789abcdef", "bcdfghjkmnpqrstv")


def in_letters(hexadecimal: str) -> str:
    """The same order without digits: a long run of them could pass for a card number."""
    return hexadecimal.translate(_LETTERS)
