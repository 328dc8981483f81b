"""`faregate migrate`: the schema of the database that PG* variables name, else of the local stack."""

from collections.abc import Mapping

from rich.console import Console

from deploy.cli.database import conninfo
from deploy.embedded import passwords
from deploy.embedded.home import Home


def migrate(home: Home, env: Mapping[str, str]) -> None:
    from app.migrations import latest_version
    from app.migrations import migrate as apply

    apply(conninfo(home, env, passwords.OWNER))
    Console(stderr=True).print(f"The schema is at version {latest_version()}.")
