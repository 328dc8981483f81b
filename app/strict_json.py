"""What a strict reader refuses beyond a schema: keys that stand twice, and card data under any name."""

import json
import re
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from app.card_numbers import holds_card_number
from app.problems import CARD_DATA, CARD_NUMBER, MALFORMED_JSON, RequestRefused

# Names as they read without case and separators: `cvv`, `CVV2`, `card-cvc`, `cardNumber`, `Track_Data_1`.
_CARD_DATA_NAMES = re.compile(
    r"(card|credit|debit|payment){0,2}"
    r"(cvv|cvc|cvn|cid|csc|cav|securitycode|verificationcode|verificationvalue|pin|pinblock|pan"
    r"|primaryaccountnumber|accountnumber|cardnumber|cardno|ccnumber|ccn|track|trackdata|magstripe"
    r"|magneticstripe)"
    r"(code|data|value|number)?[0-9]{0,2}"
)
_SEPARATORS = re.compile(r"[^a-z0-9]")
_NAMED_LIMIT = 40


def refuse_duplicate_keys(raw: bytes) -> None:
    """msgspec takes the last of two equal keys, other readers the first: they would see two payments.

    `raw` was decoded once already, so it is JSON and not deeper than that decoder goes.
    """
    try:
        json.loads(raw, object_pairs_hook=_without_duplicates)
    except _DuplicateKey as error:
        name = str(error)
        raise RequestRefused(MALFORMED_JSON, f"the key {name} stands there twice", field=name) from error


def refuse_card_numbers(body: Struct) -> None:
    """Looks at every text of a body that was read."""
    for field, text in _strings(body, ""):
        if holds_card_number(text):
            raise _card_number(field)


def refuse_card_data(raw: bytes) -> None:
    """Looks through a body that is refused anyway: card data in it is the graver fault, and is told first.

    Returns for what is no JSON, or nested too deep to be looked through.
    """
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        return
    for path, value in _members(body, "", depth=0):
        name = path.rpartition(".")[2]
        if is_card_data_name(name):
            field = path if _is_plain(path) else name
            raise RequestRefused(CARD_DATA, "a field of this name may never be sent", field=field)
        if isinstance(value, str | int | float) and holds_card_number(str(value)):
            raise _card_number(path if _is_plain(path) else "body")


def is_card_data_name(name: str) -> bool:
    return len(name) <= _NAMED_LIMIT and bool(_CARD_DATA_NAMES.fullmatch(_SEPARATORS.sub("", name.lower())))


def _card_number(field: str) -> RequestRefused:
    return RequestRefused(CARD_NUMBER, f"{field} holds digits that look like a card number", field=field)


def _is_plain(path: str) -> bool:
    """A name could be anything the caller wrote: only what looks like a name is shown again."""
    return bool(re.fullmatch(r"[A-Za-z0-9_.]{1,80}", path)) and not holds_card_number(path)


class _DuplicateKey(ValueError):
    pass


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        raise _DuplicateKey(next(name for name in names if names.count(name) > 1))
    return members


def _strings(body: Struct, path: str) -> Iterator[tuple[str, str]]:
    for name in body.__struct_fields__:
        value = getattr(body, name)
        if isinstance(value, str):
            yield path + name, value
        elif isinstance(value, Struct):
            yield from _strings(value, f"{path}{name}.")


def _members(value: Any, path: str, *, depth: int) -> Iterator[tuple[str, Any]]:
    """Every member of objects and lists with its path, down to a depth that no real body has."""
    if depth > 32:
        return
    if isinstance(value, dict):
        for name, member in value.items():
            inner = f"{path}.{name}" if path else name
            yield inner, member
            yield from _members(member, inner, depth=depth + 1)
    elif isinstance(value, list):
        for member in value:
            yield path, member
            yield from _members(member, path, depth=depth + 1)
