"""Random passwords of the database roles, kept in one file that only its owner reads."""

import secrets
from pathlib import Path

from deploy.embedded.home import read_json, write_json

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
    """The password of the superuser and of every role; what is missing is made and written."""
    known: dict[str, str] = read_json(path)
    absent = [role for role in (SUPERUSER, *ROLES) if role not in known]
    if absent:
        known |= {role: secrets.token_hex(16) for role in absent}
        write_json(path, known, mode=0o600)
    return known
