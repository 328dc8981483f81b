"""Who makes a change, as far as this machine knows."""

import getpass
from collections.abc import Mapping


def who(env: Mapping[str, str]) -> str:
    return env.get("FAREGATE_ANALYST") or getpass.getuser()
