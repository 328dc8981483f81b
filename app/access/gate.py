"""Who may call: the API key, its scope and rate, and the signature of a call."""

import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol, Self

from msgspec import Struct, field

from app.access.keys import ApiKey, KeyRing, Scope
from app.access.nonces import Nonces, NoncesUnavailable
from app.access.rate import Rates
from app.access.signature import (
    HEADER,
    WINDOW_S,
    Signature,
    SignatureRefused,
    read_master,
    require_signed,
    signing_secret,
)
from app.problems import (
    BAD_SIGNATURE,
    FORBIDDEN,
    TOO_MANY_REQUESTS,
    UNAUTHENTICATED,
    UNAVAILABLE,
    RequestRefused,
)

_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="faregate"'}
_MAX_SECRET = 200


class Headers(Protocol):
    """A call's headers; names in any case."""

    def getlist(self, key: str) -> list[str]: ...


class GateSettings(Struct, frozen=True, kw_only=True):
    """`state_folder` is this host's own; without a master secret no call can be signed."""

    state_folder: Path
    signing_secret_file: Path | None = None
    open_metrics: bool = True

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        secret = env.get("FAREGATE_SIGNING_SECRET_FILE")
        return cls(
            state_folder=Path(env.get("FAREGATE_STATE_DIR") or "."),
            signing_secret_file=Path(secret) if secret else None,
            open_metrics=env.get("FAREGATE_OPEN_METRICS", _open_by_default(env)) == "1",
        )


class Gate(Struct, frozen=True, kw_only=True):
    """`keys` gives the ring in force, `now_s` the time in seconds since the epoch."""

    keys: Callable[[], KeyRing]
    rates: Rates
    nonces: Nonces
    master: bytes | None = None
    open_metrics: bool = True
    now_s: Callable[[], float] = field(default=time.time)

    @classmethod
    def open(cls, settings: GateSettings, keys: Callable[[], KeyRing]) -> Self:
        """Raises RatesUnusable, NoncesUnavailable or MasterSecretRefused."""
        secret = settings.signing_secret_file
        return cls(
            keys=keys,
            rates=Rates(settings.state_folder / "rates.bin"),
            nonces=Nonces(settings.state_folder / "nonces.sqlite"),
            master=read_master(secret) if secret else None,
            open_metrics=settings.open_metrics,
        )

    def admit(self, headers: Headers, scope: Scope) -> ApiKey:
        """The caller's key, told from the head of the call alone; raises RequestRefused."""
        key = self.keys().find(_secret(headers), round(self.now_s() * 1000))
        if key is None:
            raise _unauthenticated("the API key is unknown, expired or revoked")
        if scope not in key.scopes:
            raise RequestRefused(FORBIDDEN, f"the key needs the scope {scope.value}", field="Authorization")
        wait_s = self.rates.take(key.key_id, key.rate_per_s, key.burst)
        if wait_s > 0:
            detail = f"the key may call {key.rate_per_s} times a second, with bursts of {key.burst}"
            after = {"Retry-After": str(math.ceil(wait_s))}
            raise RequestRefused(TOO_MANY_REQUESTS, detail, field="Authorization", headers=after)
        return key

    def require_signature(
        self, key: ApiKey, headers: Headers, *, method: str, path: str, body: bytes
    ) -> None:
        """Raises RequestRefused if the key demands a signature that is not there, or if one does not hold."""
        sent = headers.getlist(HEADER)
        if not sent and not key.signed:
            return
        try:
            if len(sent) != 1:
                raise SignatureRefused("the call must bear exactly one signature")
            self._require_holds(key, Signature.read(sent[0]), method=method, path=path, body=body)
        except SignatureRefused as error:
            raise RequestRefused(BAD_SIGNATURE, str(error), field=HEADER, headers=_CHALLENGE) from error
        except NoncesUnavailable as error:
            after = {"Retry-After": "1"}
            raise RequestRefused(UNAVAILABLE, "nonces cannot be kept", field=HEADER, headers=after) from error

    def close(self) -> None:
        self.rates.close()
        self.nonces.close()

    def _require_holds(
        self, key: ApiKey, signature: Signature, *, method: str, path: str, body: bytes
    ) -> None:
        if self.master is None:
            raise SignatureRefused("this deployment has no signing secret")
        now_s = self.now_s()
        secret = signing_secret(self.master, key.key_id)
        require_signed(signature, secret, method=method, path=path, body=body, now_s=now_s)
        # Only a nonce that was signed is kept: others could fill the store.
        until_s = signature.time_s + WINDOW_S
        if not self.nonces.take(key.key_id, signature.nonce, now_s=now_s, until_s=until_s):
            raise SignatureRefused("its nonce was used before")


def _open_by_default(env: Mapping[str, str]) -> str:
    """What only this host can reach needs no key for its metrics."""
    host = env.get("FAREGATE_API_HOST", "127.0.0.1")
    return "1" if host in ("localhost", "::1") or host.startswith("127.") else "0"


def _secret(headers: Headers) -> str:
    sent = headers.getlist("Authorization")
    if not sent:
        raise _unauthenticated("the header Authorization is missing")
    scheme, _, secret = sent[0].partition(" ")
    if len(sent) > 1 or scheme.lower() != "bearer" or not 0 < len(secret) <= _MAX_SECRET:
        raise _unauthenticated("the header must read `Authorization: Bearer fgk_…`")
    return secret


def _unauthenticated(detail: str) -> RequestRefused:
    return RequestRefused(UNAUTHENTICATED, detail, field="Authorization", headers=_CHALLENGE)
