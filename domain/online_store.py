"""The layout of the online store, shared by the Feast store class and the API's own reader."""

from msgspec import msgpack

TABLE = "online_store"
VIEW_OF_KIND = {
    "card": "card_history",
    "user": "user_history",
    "device": "device_history",
    "zone": "zone_history",
    "profile": "user_profile",
    "ring": "user_ring",
}
WATERMARK_VIEW = "pipeline_watermark"
WATERMARK_ENTITY = "features"


def encode_watermark(low_watermark_ms: int) -> bytes:
    return msgpack.encode({"low_watermark_ms": low_watermark_ms})


def decode_watermark(payload: bytes) -> int:
    return msgpack.decode(payload, type=dict[str, int])["low_watermark_ms"]
