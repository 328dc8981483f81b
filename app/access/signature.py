"""Signed calls: HMAC-SHA256 over method, path, time, nonce and body, with a secret derived from a master."""

import hmac
import re
from hashlib import sha256
from pathlib import Path

from msgspec import Struct

from app.letters import in_letters
from domain.errors import FaregateError

HEADER = "Faregate-Signature"
WINDOW_S = 300
LEAST_MASTER_BYTES = 32
_HEADER = re.compile(r"t=([0-9]{1,12}),n=([A-Za-z0-9_-]{16,64}),v1=([0-9a-f]{64})")


class MasterSecretRefused(FaregateError):
    """The file of the master secret cannot be used."""


class SignatureRefused(FaregateError):
    """The header does not prove the call."""


class Signature(Struct, frozen=True, kw_only=True):
    """What the header says; `time_s` in seconds since the epoch."""

    time_s: int
    nonce: str
    mac: str

    @classmethod
    def read(cls, header: str) -> "Signature":
        """Raises SignatureRefused for what is not of the form `t=…,n=…,v1=…`."""
        parts = _HEADER.fullmatch(header)
        if parts is None:
            raise SignatureRefused(
                "the header must read t=<seconds>,n=<16 to 64 letters or digits>,v1=<64 hex>"
            )
        return cls(time_s=int(parts[1]), nonce=parts[2], mac=parts[3])

    def written(self) -> str:
        return f"t={self.time_s},n={self.nonce},v1={self.mac}"


def signing_secret(master: bytes, key_id: str) -> str:
    """What a caller signs with: no database holds it, and one key's secret tells nothing of another's."""
    return f"fgs_{in_letters(hmac.new(master, key_id.encode(), sha256).hexdigest())}"


def sign(secret: str, *, method: str, path: str, body: bytes, time_s: int, nonce: str) -> Signature:
    told = f"v1\n{method}\n{path}\n{time_s}\n{nonce}\n{sha256(body).hexdigest()}"
    mac = hmac.new(secret.encode(), told.encode("utf-8", "surrogateescape"), sha256).hexdigest()
    return Signature(time_s=time_s, nonce=nonce, mac=mac)


def require_signed(
    signature: Signature, secret: str, *, method: str, path: str, body: bytes, now_s: float
) -> None:
    """Raises SignatureRefused unless the signature is of this call and of this time."""
    if abs(now_s - signature.time_s) > WINDOW_S:
        raise SignatureRefused(f"its time is more than {WINDOW_S} s off this server's clock")
    right = sign(secret, method=method, path=path, body=body, time_s=signature.time_s, nonce=signature.nonce)
    if not hmac.compare_digest(right.mac, signature.mac):
        raise SignatureRefused("it is not of this method, path, time, nonce and body, or of another key")


def read_master(file: Path) -> bytes:
    """Raises MasterSecretRefused."""
    try:
        master = file.read_bytes().strip()
    except OSError as error:
        raise MasterSecretRefused(f"The signing secret {file} cannot be read: {error.strerror}.") from error
    if len(master) < LEAST_MASTER_BYTES:
        raise MasterSecretRefused(
            f"The signing secret {file} is too short: put {LEAST_MASTER_BYTES} random bytes or more there."
        )
    return master
