"""The running stack that a command talks to."""

from deploy.embedded import status
from deploy.embedded.errors import StackError
from deploy.embedded.home import Home


def running(home: Home) -> status.StackStatus:
    """Raises StackError when no stack runs on this home."""
    living = status.living(home)
    if living is None:
        raise StackError(f"No stack runs on {home.root}. `faregate up --detach` starts one.")
    return living
