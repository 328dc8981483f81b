"""Random passwords of the database roles and the local API key, in one file that only its owner reads."""

import secrets
from pathlib import Path

from deploy.embedded.home import read_json, write_json

API_KEY = "api_key"
SUPERUSER = "postgres"
OWNER = "faregate_owner"
ROLES = (
    OWNER,
    "faregate_api",
    "faregate_relay",
    "faregate_writer",
    "faregate_learner",
    "faregate_console",
    "faregate_keeper",
)


def load(path: Path) -> dict[str, str]:
    """The password of the superuser and of every role, and the secret API_KEY; what is missing is made."""
    known: dict[str, str] = read_json(path)
    if {SUPERUSER, *ROLES, API_KEY} - known.keys():
        known = _made() | known
        write_json(path, known, mode=0o600)
    return known


def _made() -> dict[str, str]:
    from app.access.keys import new_secret

    return {role: secrets.token_hex(16) for role in (SUPERUSER, *ROLES)} | {API_KEY: new_secret()}
