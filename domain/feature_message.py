"""What stands in a features.<kind>.v1 topic: a history's newest version, or how far the stream has come."""

from msgspec import Struct, msgpack


class HistoryMessage(Struct, frozen=True, kw_only=True, tag="history", tag_field="is"):
    """`payload` is the history itself, a msgpack map of Feast field to value, as the online row holds it."""

    kind: str
    entity_id: str
    epoch: int
    version: int
    known_at_ms: int
    payload: bytes


class WatermarkMessage(Struct, frozen=True, kw_only=True, tag="watermark", tag_field="is"):
    """Every event up to `low_watermark_ms` that this subtask owns stands before this message."""

    subtask: int
    subtasks: int
    low_watermark_ms: int


FeatureMessage = HistoryMessage | WatermarkMessage

_encoder = msgpack.Encoder()
_decoder: msgpack.Decoder[FeatureMessage] = msgpack.Decoder(FeatureMessage)


def encode_message(message: FeatureMessage) -> bytes:
    return _encoder.encode(message)


def decode_message(raw: bytes) -> FeatureMessage:
    """Read one message; raises msgspec.DecodeError for anything else."""
    return _decoder.decode(raw)
