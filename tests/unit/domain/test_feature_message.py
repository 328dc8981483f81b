import pytest
from event_factories import NOW_MS, a_history, a_payment
from hypothesis import given
from hypothesis import strategies as st
from msgspec import DecodeError, msgpack

from domain.feature_message import (
    FeatureMessage,
    HistoryMessage,
    WatermarkMessage,
    decode_message,
    encode_message,
)
from domain.history import decode_history, encode_history

HISTORY = HistoryMessage(
    kind="card", entity_id="card_a", epoch=1, version=2, known_at_ms=NOW_MS, payload=b"\x80"
)
WATERMARK = WatermarkMessage(subtask=0, subtasks=1, low_watermark_ms=NOW_MS)


@pytest.mark.parametrize("message", [HISTORY, WATERMARK])
def test_both_kinds_come_back_as_they_were_written(message: FeatureMessage) -> None:
    assert decode_message(encode_message(message)) == message


def test_the_payload_is_the_history_itself() -> None:
    history = a_history("card", a_payment())
    message = HistoryMessage(
        kind="card", entity_id="card_a", epoch=1, version=1, known_at_ms=1, payload=encode_history(history)
    )
    told = decode_message(encode_message(message))
    assert isinstance(told, HistoryMessage)
    assert decode_history(told.payload) == history


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}",
        msgpack.encode({"is": "else"}),
        msgpack.encode({"is": "watermark", "subtask": 0}),
        msgpack.encode({"is": "watermark", "subtask": "0", "subtasks": 1, "low_watermark_ms": 1}),
    ],
)
def test_anything_else_is_an_error(raw: bytes) -> None:
    with pytest.raises(DecodeError):
        decode_message(raw)


@given(cut=st.integers(0, len(encode_message(HISTORY)) - 1))
def test_a_cut_message_is_an_error(cut: int) -> None:
    with pytest.raises(DecodeError):
        decode_message(encode_message(HISTORY)[:cut])
