"""What the first step hands to the second: one field, because each crosses into Java and back by itself."""

from msgspec import Struct, msgpack


class Delivery(Struct, frozen=True, array_like=True):
    """An event on its way to one entity; `kind` may also say heartbeat or dead letter."""

    kind: str
    entity: str
    body: bytes
    record_time_ms: int
    source: int  # see domain.topics.source_number
    offset: int


_encoder = msgpack.Encoder()
_decoder = msgpack.Decoder(Delivery)


def encode_delivery(delivery: Delivery) -> bytes:
    return _encoder.encode(delivery)


def decode_delivery(raw: bytes) -> Delivery:
    return _decoder.decode(raw)
