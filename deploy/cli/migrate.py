"""`faregate migrate`: the schema of the database that PG* variables name, else of the local stack."""

from collections.abc import Mapping

from rich.console import Console

from deploy.cli.running import running
from deploy.embedded import passwords
from deploy.embedded.home import Home, read_json
from deploy.embedded.postgres import Postgres


def migrate(home: Home, env: Mapping[str, str]) -> None:
    from app.migrations import latest_version
    from app.migrations import migrate as apply

    apply("" if env.get("PGHOST") else _local(home))
    Console(stderr=True).print(f"The schema is at version {latest_version()}.")


def _local(home: Home) -> str:
    running(home)
    port = read_json(home.addresses)["ports"]["postgres"]
    words = passwords.load(home.secrets)
    return Postgres(home=home, port=port, passwords=words).conninfo(passwords.OWNER)
