"""The secret with which models are sealed and pass-throughs drawn; it lives outside the database."""

from collections.abc import Mapping
from hashlib import sha256
from hmac import new as hmac
from pathlib import Path

from domain.errors import SettingMissing

VARIABLE = "FAREGATE_MODEL_KEY"
LEAST_BYTES = 32


def model_key(env: Mapping[str, str]) -> bytes:
    """From FAREGATE_MODEL_KEY, in hexadecimal, or the file that FAREGATE_MODEL_KEY_FILE names.

    Raises SettingMissing where there is none of at least 32 bytes.
    """
    text = env.get(VARIABLE) or _in_file(env.get(f"{VARIABLE}_FILE"))
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) < LEAST_BYTES:
        raise SettingMissing(VARIABLE, f"at least {LEAST_BYTES} random bytes in hexadecimal")
    return key


def derived(key: bytes, purpose: str) -> bytes:
    """A key of its own for each purpose, so that what one reveals is of no use for another."""
    return hmac(key, purpose.encode(), sha256).digest()


def _in_file(path: str | None) -> str:
    try:
        return Path(path).read_text().strip() if path else ""
    except OSError as error:
        raise SettingMissing(VARIABLE, f"{path} cannot be read: {error.strerror}") from error
