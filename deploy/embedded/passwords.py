"""Random passwords of the database roles and the console's people, the local API key, the key of models.

They are in one file that only its owner reads.
"""

import secrets
from collections.abc import Mapping
from pathlib import Path

from deploy.embedded.home import Home, read_json, write_json
from domain import model_key as sealing

API_KEY = "api_key"
MODEL_KEY = "model_key"
CONSOLE_PASSWORD = "console_password"  # noqa: S105 - the name of it
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
    """The passwords of the superuser, of every role and of the console's people, API_KEY and MODEL_KEY; what
    is missing is made."""
    known: dict[str, str] = read_json(path)
    if {SUPERUSER, *ROLES, API_KEY, MODEL_KEY, CONSOLE_PASSWORD} - known.keys():
        known = _made() | known
        write_json(path, known, mode=0o600)
    return known


def model_key(home: Home, env: Mapping[str, str] | None = None) -> bytes:
    """The key that the environment names, else the local stack's; raises SettingMissing without either."""
    named = env or {}
    if sealing.VARIABLE in named or f"{sealing.VARIABLE}_FILE" in named or not home.secrets.exists():
        return sealing.model_key(named)
    return sealing.model_key({sealing.VARIABLE: load(home.secrets)[MODEL_KEY]})


def _made() -> dict[str, str]:
    from app.access.keys import new_secret
    from app.desk.passwords import new_password

    words = {role: secrets.token_hex(16) for role in (SUPERUSER, *ROLES)}
    return words | {
        API_KEY: new_secret(),
        MODEL_KEY: secrets.token_hex(sealing.LEAST_BYTES),
        CONSOLE_PASSWORD: new_password(),
    }
