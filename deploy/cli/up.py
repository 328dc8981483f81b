"""`faregate up`: in the foreground until Ctrl-C, or in the background until `faregate down`."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import FrameType

from rich.console import Console

from deploy.embedded import passwords, status
from deploy.embedded.errors import StackError
from deploy.embedded.history import HistorySize
from deploy.embedded.home import Home
from deploy.embedded.stack import Stack, StackOptions
from deploy.embedded.startup import Progress

DETACH_PATIENCE_S = 1800.0


def options(wished_ports: Mapping[str, int], payments: int) -> StackOptions:
    ports = {name: port for name, port in wished_ports.items() if port}
    return StackOptions(ports=ports, size=replace(HistorySize(), payments=payments))


class StopWish:
    """Set by Ctrl-C and SIGTERM."""

    def __init__(self) -> None:
        self._wished = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._wish)

    def _wish(self, _number: int, _frame: FrameType | None) -> None:
        self._wished.set()

    def is_set(self) -> bool:
        return self._wished.is_set()

    def wait(self, timeout_s: float) -> bool:
        return self._wished.wait(timeout_s)


class ProgressLines:
    """One line for each part that has come up."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = time.monotonic()

    def __call__(self, progress: Progress) -> None:
        if progress.seconds is not None:
            since = time.monotonic() - self._began
            self._console.print(f"[green]✓[/] {progress.task:<18} [dim]{since:5.1f} s[/]", highlight=False)


def start_interruptibly(stack: Stack, wish: StopWish, console: Console) -> bool:
    """Starts the stack; False when the user wished to stop meanwhile. Problems are raised."""
    problems: list[BaseException] = []

    def start() -> None:
        try:
            stack.start(ProgressLines(console))
        except BaseException as problem:  # noqa: BLE001 - raised again by the waiting thread
            problems.append(problem)

    starting = threading.Thread(target=start)
    starting.start()
    while starting.is_alive() and not wish.is_set():
        starting.join(0.1)
    if wish.is_set():
        stack.stop()
        starting.join()
        return False
    if problems:
        raise problems[0]
    return True


def foreground(home: Home, wanted: StackOptions) -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    console = Console(stderr=True)
    wish = StopWish()
    stack = Stack(home=home, env=os.environ, options=wanted)
    if not start_interruptibly(stack, wish, console):
        return 0
    try:
        show_addresses(
            stack.addresses.api_url, stack.addresses.dashboard_url, stack.addresses.flink_url, console
        )
        show_sign_in(home, console)
        console.print("Ctrl-C stops it.")
        while not wish.wait(1.0):
            pass
    finally:
        console.print("Stopping …")
        stack.stop()
    return 0


def show_addresses(api: str, dashboard: str, flink: str, console: Console) -> None:
    for name, url in (("API", api), ("docs", f"{api}/docs"), ("console", dashboard), ("Flink", flink)):
        console.print(f"{name:<10} {url}", highlight=False)


def show_sign_in(home: Home, console: Console) -> None:
    """To somebody at a terminal only: what is printed elsewhere ends in a log."""
    if console.is_terminal:
        console.print(f"{'':<10} {how_to_sign_in(home)}", highlight=False)


def how_to_sign_in(home: Home) -> str:
    word = passwords.load(home.secrets)[passwords.CONSOLE_PASSWORD]
    return f"sign in as ana (analyst), lea (lead) or ada (admin), password {word}"


def detached(home: Home, wanted: StackOptions) -> int:
    living = status.living(home)
    if living:
        raise StackError(
            f"A stack already runs on {home.root} (pid {living.pid}). `faregate status` shows it."
        )
    home.make()
    log_file = home.logs / "supervisor.log"
    arguments = [f"--payments={wanted.size.payments}"]
    arguments += [f"--{name}-port={port}" for name, port in wanted.ports.items()]
    with log_file.open("ab") as log:
        supervisor = subprocess.Popen(
            [sys.executable, "-m", "deploy.cli.main", "up", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    console = Console(stderr=True)
    with console.status("Starting the stack …") as spinner:
        found = _wait(home, supervisor, spinner.update)
    if found is None or found.state != "ready":
        why = found.detail if found and found.detail else f"{log_file} says why"
        raise StackError(f"The stack did not start: {why}")
    show_addresses(found.urls["api"], found.urls["dashboard"], found.urls["flink"], console)
    show_sign_in(home, console)
    return 0


def _wait(
    home: Home, supervisor: subprocess.Popen[bytes], tell: Callable[[str], None]
) -> status.StackStatus | None:
    deadline = time.monotonic() + DETACH_PATIENCE_S
    while time.monotonic() < deadline:
        found = status.read(home)
        if found and found.pid == supervisor.pid:
            if found.state in ("ready", "failed"):
                return found
            ready = [part.name for part in found.parts if part.state == "ready"]
            tell(f"Starting the stack … ready: {', '.join(ready) or 'nothing yet'}")
        if supervisor.poll() is not None:
            return found if found and found.pid == supervisor.pid else None
        time.sleep(0.1)
    return None
