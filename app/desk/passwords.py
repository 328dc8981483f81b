"""Passwords of people who sign in here, kept so that the table gives none away."""

import hmac
import secrets
from hashlib import scrypt

SALT_BYTES = 16
LEAST_CHARACTERS = 10
_SYLLABLES = [consonant + vowel for consonant in "bdfghjkmnprstvwz" for vowel in "aeiou"]


def new_password() -> str:
    """One that can be read to somebody; 50 bits of chance."""
    words = ("".join(secrets.choice(_SYLLABLES) for _ in range(4)) for _ in range(2))
    return f"{'-'.join(words)}-{secrets.randbelow(90) + 10}"


def kept(password: str) -> bytes:
    """What the table keeps: salt, then hash."""
    salt = secrets.token_bytes(SALT_BYTES)
    return salt + _hash(password, salt)


def matches(password: str, kept_: bytes | None) -> bool:
    """Takes as long for somebody without a password, so that names cannot be found out."""
    known = kept_ or bytes(SALT_BYTES + 1)
    fits = hmac.compare_digest(_hash(password, known[:SALT_BYTES]), known[SALT_BYTES:])
    return fits and kept_ is not None


def _hash(password: str, salt: bytes) -> bytes:
    return scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1)
