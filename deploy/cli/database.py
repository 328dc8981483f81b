"""Which database a command works on: the one that PG* variables name, else the local stack's."""

from collections.abc import Mapping

from deploy.cli.running import running
from deploy.embedded import passwords
from deploy.embedded.home import Home, read_json
from deploy.embedded.postgres import Postgres


def conninfo(home: Home, env: Mapping[str, str], role: str) -> str:
    """Raises StackError when no database is named and no stack runs."""
    return "" if env.get("PGHOST") else local_conninfo(home, role)


def local_conninfo(home: Home, role: str) -> str:
    running(home)
    port = read_json(home.addresses)["ports"]["postgres"]
    return Postgres(home=home, port=port, passwords=passwords.load(home.secrets)).conninfo(role)
