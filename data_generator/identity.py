"""Opaque ids: a prefix and sixteen letters and digits that say nothing about who or what they name."""

from base64 import b32encode
from hashlib import blake2b
from random import Random

TOKEN_BYTES = 10


def token(prefix: str, *parts: object) -> str:
    """The id that always belongs to these parts."""
    text = "/".join(map(str, (prefix, *parts))).encode()
    return _spell(prefix, blake2b(text, digest_size=TOKEN_BYTES).digest())


class IdStream:
    """Fresh ids for everything that happens in one run, honest and fraudulent alike."""

    def __init__(self, seed: int, run: str) -> None:
        self._rng = Random(f"{seed}/{run}/ids")

    def new(self, prefix: str) -> str:
        return _spell(prefix, self._rng.randbytes(TOKEN_BYTES))


def _spell(prefix: str, raw: bytes) -> str:
    # Base 32 has six digits only, so an id never holds a digit run long enough to look like a card number.
    return f"{prefix}_{b32encode(raw).decode().lower()}"
