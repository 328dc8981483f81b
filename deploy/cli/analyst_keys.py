"""The simulated analysts' API keys: one each, so that the ledger tells whose word a label is."""

import hmac
from typing import TYPE_CHECKING, Any

from app.access.keys import Scope, hash_of, new_secret, query
from app.access.store import LOCAL_TENANT, KeyTerms, create, list_keys

if TYPE_CHECKING:
    import psycopg

RATE_PER_S, BURST = 50, 100


def ensure_analyst(connection: "psycopg.Connection[Any]", local_secret: str, number: int) -> str:
    """The secret of analyst `number`'s key, which is made unless it lives; needs the owner's role.

    The secret follows from the stack's own and is kept nowhere. A revoked key is followed by another.
    """
    name = f"analyst-{number}"
    with connection.transaction():
        connection.execute(query("lock_keys"))
        alike = [key for key in list_keys(connection) if (key.tenant, key.name) == (LOCAL_TENANT, name)]
        generation = sum(key.revoked_at is not None for key in alike)
        secret = _secret(local_secret, f"{name}/{generation}")
        if connection.execute(query("known_secret"), {"secret_hash": hash_of(secret)}).fetchone() is None:
            create(connection, _terms(name), secret)
    return secret


def _terms(name: str) -> KeyTerms:
    return KeyTerms(tenant=LOCAL_TENANT, name=name, scopes=(Scope.LABEL,), rate_per_s=RATE_PER_S, burst=BURST)


def _secret(local_secret: str, purpose: str) -> str:
    derived = hmac.digest(local_secret.encode(), purpose.encode(), "sha256").hex()
    return new_secret(lambda length: derived[: 2 * length])
