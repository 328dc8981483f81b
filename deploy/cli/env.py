"""`faregate env`: what Feast, psql, a Kafka client or a caller of the API needs, as a shell reads it."""

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
    urls = running(home).urls
    variables = stack_environment(home, urls["kafka"], PREFIX + role) | {"FAREGATE_API": urls["api"]}
    if with_password:
        words = passwords.load(home.secrets)
        variables |= {
            "PGPASSWORD": words[PREFIX + role],
            "FAREGATE_API_KEY": words[passwords.API_KEY],
            "FAREGATE_CONSOLE_PASSWORD": words[passwords.CONSOLE_PASSWORD],
        }
    print(exports(variables))
    if not with_password:
        print("# PGPASSWORD, FAREGATE_API_KEY and FAREGATE_CONSOLE_PASSWORD are told with --with-password.")


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
