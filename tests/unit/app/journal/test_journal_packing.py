"""Answers come back byte for byte."""

import pytest
from factories import a_decision

from app.journal.packing import MOST_BYTES, pack, unpack


@pytest.mark.parametrize(
    "reply", [b"", b"x", bytes(range(256)) * 9, b"a" * MOST_BYTES, b"b" * (MOST_BYTES - 1)]
)
def test_what_was_packed_is_unpacked(reply: bytes) -> None:
    assert unpack(pack(reply)) == reply


def test_a_reply_becomes_small() -> None:
    reply = a_decision().reply
    assert unpack(pack(reply)) == reply
    assert len(pack(reply)) < len(reply) / 2


@pytest.mark.parametrize("packed", [b"", b"\2abc", b"\1not deflate"])
def test_what_nobody_packed_is_refused(packed: bytes) -> None:
    with pytest.raises(ValueError, match="answer"):
        unpack(packed)
