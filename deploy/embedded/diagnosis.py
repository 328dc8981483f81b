"""What this machine must have for the stack to run, each point with the command that mends it."""

import os
import platform
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import psutil

from deploy.embedded import jars, ports, status, warden
from deploy.embedded.home import Home, read_json
from deploy.embedded.java import java
from deploy.embedded.postgres import ROOTS_PLACE, UNPRIVILEGED, Postgres, can_enter
from domain.errors import FaregateError

GIB = 1024**3
NEEDED_DISK_GIB = 5
NEEDED_MEMORY_GIB = 4
LONGEST_SOCKET_PATH = 107


@dataclass(frozen=True, kw_only=True)
class Finding:
    """`severity` is ok, warning (works, but worse) or wrong; `mend` is a command or a short instruction."""

    what: str
    severity: str
    detail: str
    mend: str = ""


def examine(home: Home, env: Mapping[str, str]) -> Iterator[Finding]:
    yield _python()
    yield _machine()
    yield _compiler()
    yield _disk(home)
    yield _memory()
    yield _java()
    yield _jars(env)
    yield _postgres_user(home)
    yield _socket_path(home)
    yield from _ports(home)
    yield _leftovers(home)


def _finding(what: str, good: bool, detail: str, mend: str, *, bad: str = "wrong") -> Finding:
    if good:
        return Finding(what=what, severity="ok", detail=detail)
    return Finding(what=what, severity=bad, detail=detail, mend=mend)


def _python() -> Finding:
    found = platform.python_version()
    good = sys.version_info[:2] == (3, 11)
    return _finding("Python 3.11", good, found, "rm -rf .venv && make install, with python3.11 on the PATH")


def _machine() -> Finding:
    found = f"{platform.system()} {platform.machine()}"
    return _finding("Linux on x86-64", found == "Linux x86_64", found, "use a machine of this kind")


def _compiler() -> Finding:
    gcc = shutil.which("gcc")
    detail = gcc or "missing: scoring uses treelite's own interpreter, which is slower"
    return _finding("gcc", gcc is not None, detail, "apt-get install gcc", bad="warning")


def _disk(home: Home) -> Finding:
    place = next(folder for folder in (home.root, *home.root.parents) if folder.exists())
    free = shutil.disk_usage(place).free / GIB
    detail = f"{free:.1f} GiB free at {place}"
    mend = f"free {NEEDED_DISK_GIB} GiB, or put the state elsewhere: export FAREGATE_HOME=/somewhere/else"
    return _finding("disk", free >= NEEDED_DISK_GIB or status.living(home) is not None, detail, mend)


def _memory() -> Finding:
    free = psutil.virtual_memory().available / GIB
    mend = f"end other programs: the stack needs {NEEDED_MEMORY_GIB} GiB"
    return _finding("memory", free >= NEEDED_MEMORY_GIB, f"{free:.1f} GiB available", mend, bad="warning")


def _java() -> Finding:
    try:
        done = subprocess.run([java(), "-version"], capture_output=True, text=True, timeout=30, check=False)
    except (ImportError, OSError, subprocess.SubprocessError) as problem:
        return _finding("Java runtime", False, str(problem), "rm -rf .venv && make install")
    first = (done.stderr.splitlines() or ["no answer"])[0]
    return _finding("Java runtime", done.returncode == 0, first, "rm -rf .venv && make install")


def _jars(env: Mapping[str, str]) -> Finding:
    folder = jars.cache_folder(env)
    wrong = jars.missing(jars.read_lock(), folder, thorough=True)
    detail = f"missing or changed in {folder}: {', '.join(jar.file_name for jar in wrong[:5])}"
    return _finding(
        "jars", not wrong, detail if wrong else f"all as jars.lock says, in {folder}", "make install"
    )


def _postgres_user(home: Home) -> Finding:
    what = "PostgreSQL's user"
    if os.geteuid() != 0:
        return _finding(what, True, "you: not root", "")
    try:
        postgres = Postgres(home=home, port=0, passwords={})
        uid, data, binaries = postgres.uid, postgres.data, postgres.binaries
    except (KeyError, OSError, FaregateError) as problem:
        return _finding(what, False, f"no user {UNPRIVILEGED}: {problem}", f"useradd --system {UNPRIVILEGED}")
    closed = [str(place) for place in (data.parent, binaries) if uid and not can_enter(place, uid)]
    detail = (
        f"{UNPRIVILEGED} cannot enter {', '.join(closed)}" if closed else f"{UNPRIVILEGED}, data in {data}"
    )
    mend = f"chmod a+x {ROOTS_PLACE}, or export FAREGATE_HOME to a folder that every user may pass through"
    return _finding(what, not closed, detail, mend)


def _socket_path(home: Home) -> Finding:
    """We talk to PostgreSQL over loopback; other programs that people point at this folder may not."""
    path = str(home.root / ".s.PGSQL.65535")
    detail = f"{len(path)} of {LONGEST_SOCKET_PATH} bytes; the stack itself uses loopback only"
    good = len(os.fsencode(path)) <= LONGEST_SOCKET_PATH
    return _finding("socket path", good, detail, "export FAREGATE_HOME=/a/shorter/path", bad="warning")


def _ports(home: Home) -> Iterator[Finding]:
    remembered = read_json(home.addresses).get("ports", {})
    if status.living(home):
        return
    busy = [f"{name} {port}" for name, port in remembered.items() if not ports.is_free(port)]
    detail = f"taken by other programs: {', '.join(busy)}" if busy else "last time's ports are free"
    mend = "faregate up (it chooses free ports; those of bookmarks change)"
    yield _finding("ports", not busy, detail, mend, bad="warning")
    yield _loopback()


def _loopback() -> Finding:
    try:
        with socket.socket() as probe:
            probe.bind((ports.LOOPBACK, 0))
    except OSError as problem:
        return _finding("loopback", False, str(problem), "ip link set lo up")
    return _finding("loopback", True, ports.LOOPBACK, "")


def _leftovers(home: Home) -> Finding:
    left = [] if status.living(home) else list(warden.marked(f"{home.key}-"))
    detail = f"processes of a dead supervisor: {left}" if left else "none"
    return _finding("leftovers", not left, detail, "faregate down")
