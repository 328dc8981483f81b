"""`faregate env`: what Feast, psql or a Kafka client needs in its environment, as a shell reads it."""

import shlex
from collections.abc import Mapping

from deploy.cli.running import running
from deploy.embedded import passwords
from deploy.embedded.errors import StackError
from deploy.embedded.home import Home, read_json
from deploy.embedded.ports import LOOPBACK
from deploy.embedded.postgres import DATABASE

PREFIX = "faregate_"
SHORT_ROLES = tuple(role.removeprefix(PREFIX) for role in passwords.ROLES)


def env(home: Home, *, role: str, with_password: bool) -> None:
    if role not in SHORT_ROLES:
        raise StackError(f"There is no role {role}. There are: {', '.join(SHORT_ROLES)}.")
    kafka = running(home).urls["kafka"]
    variables = stack_environment(home, kafka, PREFIX + role)
    if with_password:
        variables["PGPASSWORD"] = passwords.load(home.secrets)[PREFIX + role]
    print(exports(variables))
    if not with_password:
        print("# Add PGPASSWORD yourself, or ask for it with --with-password.")


def stack_environment(home: Home, kafka: str, role: str) -> dict[str, str]:
    return {
        "FAREGATE_HOME": str(home.root),
        "FAREGATE_KAFKA": kafka,
        "PGHOST": LOOPBACK,
        "PGPORT": str(read_json(home.addresses)["ports"]["postgres"]),
        "PGDATABASE": DATABASE,
        "PGUSER": role,
        "PGSSLMODE": "disable",
    }


def exports(variables: Mapping[str, str]) -> str:
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in variables.items())
