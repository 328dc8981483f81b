"""What is kept of a message that cannot be read: why, and where it stands; never its content."""

from msgspec import Struct, json


class DeadLetter(Struct, frozen=True, kw_only=True):
    topic: str
    partition: int
    offset: int
    record_time_ms: int
    reason: str
    detail: str

    def encode(self) -> bytes:
        return json.encode(self)
