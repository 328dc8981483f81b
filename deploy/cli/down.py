"""`faregate down`: ends the supervisor of this home, and what a dead one left behind."""

import os
import select
import shutil
import signal

from rich.console import Console

from deploy.embedded import status, warden
from deploy.embedded.errors import StackError
from deploy.embedded.home import Home
from deploy.embedded.postgres import ROOTS_PLACE

PATIENCE_S = 90.0


def down(home: Home, *, remove: bool) -> None:
    console = Console(stderr=True)
    living = status.living(home)
    if living:
        with console.status(f"Stopping the stack (pid {living.pid}) …"):
            end(living)
    leftovers = warden.end_marked(f"{home.key}-")
    if leftovers:
        console.print(f"Ended what an earlier supervisor left behind: {leftovers}")
    if not living and not leftovers:
        console.print(f"Nothing runs on {home.root}.")
    if remove:
        shutil.rmtree(home.root, ignore_errors=True)
        shutil.rmtree(ROOTS_PLACE / home.key, ignore_errors=True)


def end(living: status.StackStatus) -> None:
    """Asks the supervisor to stop and waits; kills it when it does not end, and its children follow."""
    try:
        process = os.pidfd_open(living.pid)
    except ProcessLookupError:
        return
    try:
        if not status.is_alive(living):  # another process has the number by now
            return
        signal.pidfd_send_signal(process, signal.SIGTERM)
        if select.select([process], [], [], PATIENCE_S)[0]:
            return
        signal.pidfd_send_signal(process, signal.SIGKILL)
        if not select.select([process], [], [], 10)[0]:
            raise StackError(
                f"The supervisor (pid {living.pid}) cannot be killed. Look at `ps -fp {living.pid}`."
            )
    finally:
        os.close(process)
