"""Ids of decisions: rising with time, so that new rows land on the newest pages of an index."""

import secrets

from app.letters import in_letters, out_of_letters

_TIME_DIGITS = 12
_LENGTH = len("dec_") + _TIME_DIGITS + 16


def new_decision_id(as_of_ms: int) -> str:
    return f"dec_{in_letters(f'{as_of_ms:0{_TIME_DIGITS}x}{secrets.token_hex(8)}')}"


def as_of_ms_in(decision_id: str) -> int | None:
    """The instant of the decision; None for an id that was not made here."""
    if len(decision_id) != _LENGTH:
        return None
    hexadecimal = out_of_letters(decision_id[4 : 4 + _TIME_DIGITS])
    return None if hexadecimal is None else int(hexadecimal, 16)
