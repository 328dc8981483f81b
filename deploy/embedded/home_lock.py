"""One supervisor a home."""

import fcntl
from typing import IO

from deploy.embedded import status
from deploy.embedded.errors import StackError
from deploy.embedded.home import Home


def lock(home: Home) -> IO[str]:
    """Held for as long as the file stays open; StackError when another supervisor holds it."""
    file = (home.root / "lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as problem:
        file.close()
        living = status.living(home)
        who = f" (pid {living.pid})" if living else ""
        raise StackError(
            f"A stack already runs on {home.root}{who}. `faregate status` shows it, `faregate down` ends it."
        ) from problem
    return file
