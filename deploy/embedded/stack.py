"""The whole local stack: what it consists of, in which order it starts and stops, and where it listens."""

import logging
import os
import secrets
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from deploy.embedded import jars, passwords, ports, startup, status, warden
from deploy.embedded.children import Spawner
from deploy.embedded.flink import Flink
from deploy.embedded.flink_job import Job
from deploy.embedded.history import History, HistorySize
from deploy.embedded.home import Home, read_json, write_json
from deploy.embedded.home_lock import lock
from deploy.embedded.java import ClassArchives
from deploy.embedded.job_keeper import JobKeeper
from deploy.embedded.kafka import Kafka
from deploy.embedded.postgres import Postgres
from deploy.embedded.services import Learning, Services, common_environment
from deploy.embedded.start_tasks import Parts
from deploy.embedded.startup import Progress, Task
from deploy.embedded.supervisor import State, Supervisor

log = logging.getLogger("faregate.supervisor")

# First those who call, last those who are called.
STOP_ORDER = (
    ("dashboard", "api", "parity", "learner"),
    ("relay", "rings", "writer", "keeper"),
    ("flink-taskmanager",),
    ("flink-jobmanager",),
    ("kafka", "postgres"),
)
PORT_OF = {"flink-jobmanager": "flink"} | {name: name for name in ("kafka", "postgres", "api", "dashboard")}


@dataclass(frozen=True, kw_only=True)
class StackOptions:
    """`ports` names wished ports; `size` how much history the first start simulates; `targets` the tasks to
    do, with what they need, where None is all."""

    ports: Mapping[str, int] = field(default_factory=dict)
    size: HistorySize = field(default_factory=HistorySize)
    with_dashboard: bool = True
    with_learner: bool = True
    learning: Learning = field(default_factory=Learning)
    targets: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Addresses:
    kafka: str
    api_url: str
    dashboard_url: str
    flink_url: str
    conninfo: Mapping[str, str] = field(repr=False)  # by role
    api_key: str = field(repr=False)


class Stack:
    """One stack on one home. `start` returns when all of it works; `stop` leaves nothing running."""

    def __init__(self, *, home: Home, env: Mapping[str, str], options: StackOptions | None = None) -> None:
        self.home = home
        self._env = env
        self._options = options or StackOptions()
        self._instance = f"{home.key}-{secrets.token_hex(4)}"
        self._state = "starting"
        self._started_at = datetime.now(UTC)
        self._write_lock = threading.Lock()
        self._stop_lock = threading.Lock()
        self._home_lock: IO[str] | None = None
        self._warden: subprocess.Popen[bytes] | None = None

    def start(self, on_progress: Callable[[Progress], None] = lambda _: None) -> None:
        """Raises StackError or another FaregateError when a part does not come up; then nothing is left."""
        self.home.make()
        self._home_lock = lock(self.home)
        try:
            self._assemble()
            self._supervisor.watch()
            startup.run(self._tasks(), on_progress, self._supervisor.abandon)
            if self._keeper.job_id:
                self._keeper.watch()
        except BaseException as problem:
            self._stop_all("failed", detail=str(problem))
            raise
        self._set("ready")

    def stop(self) -> None:
        """May be called from another thread while `start` is at work, which then raises."""
        self._stop_all("stopped")

    def _assemble(self) -> None:
        leftovers = warden.end_marked(f"{self.home.key}-")
        if leftovers:
            log.warning("Ended what an earlier supervisor left behind: %s", leftovers)
        jar_folder = jars.cache_folder(self._env)
        jars.ensure(jar_folder)
        self._ports = ports.choose(read_json(self.home.addresses).get("ports", {}), self._options.ports)
        write_json(self.home.addresses, {"ports": self._ports})
        self._archives = ClassArchives(folder=jar_folder.parent / "classes", writer=self._instance)
        self._archives.prepare()
        self._spawner = Spawner()
        self._supervisor = Supervisor(spawner=self._spawner, on_change=self._write_status)
        self._parts = self._make_parts(jar_folder)
        self._keeper = self._parts.keeper
        self._warden = start_warden(self._instance)
        self._parts.flink.prepare()

    def _make_parts(self, jar_folder: Path) -> Parts:
        words = passwords.load(self.home.secrets)
        broker = f"{ports.LOOPBACK}:{self._ports['kafka']}"
        env = common_environment(self._env, self.home, broker, self._instance)
        flink = Flink(
            home=self.home,
            port=self._ports["flink"],
            rpc_port=self._ports["flink_rpc"],
            jar_folder=jar_folder,
            archives=self._archives,
            env=env,
        )
        job = Job(flink=flink)
        services = Services(
            home=self.home,
            ports=self._ports,
            passwords=words,
            env=env,
            instance=self._instance,
            learning=self._options.learning,
        )
        return Parts(
            kafka=Kafka(
                home=self.home,
                port=self._ports["kafka"],
                controller_port=self._ports["kafka_controller"],
                jar_folder=jar_folder,
                archives=self._archives,
                env=env,
            ),
            postgres=Postgres(home=self.home, port=self._ports["postgres"], passwords=words),
            flink=flink,
            services=services,
            job=job,
            supervisor=self._supervisor,
            keeper=JobKeeper(job=job, supervisor=self._supervisor, on_change=self._write_status),
            history=History(home=self.home, services=services, supervisor=self._supervisor),
        )

    def _tasks(self) -> dict[str, Task]:
        options = self._options
        tasks = self._parts.start_tasks(
            options.size, with_dashboard=options.with_dashboard, with_learner=options.with_learner
        )
        return tasks if options.targets is None else startup.needed_for(tasks, options.targets)

    @property
    def addresses(self) -> Addresses:
        return Addresses(
            kafka=self._parts.kafka.bootstrap,
            api_url=self._parts.services.api_url,
            dashboard_url=self._parts.services.dashboard_url,
            flink_url=self._parts.flink.url,
            conninfo={role: self._parts.postgres.conninfo(role) for role in passwords.ROLES},
            api_key=self._parts.services.passwords[passwords.API_KEY],
        )

    @property
    def urls(self) -> dict[str, str]:
        return {
            "api": self._parts.services.api_url,
            "docs": f"{self._parts.services.api_url}/docs",
            "dashboard": self._parts.services.dashboard_url,
            "flink": self._parts.flink.url,
            "kafka": self._parts.kafka.bootstrap,
        }

    @property
    def gave_up(self) -> list[str]:
        """Parts that ended too often and are not started again."""
        keeper = ["flink-job"] if self._keeper.state is State.GAVE_UP else []
        return self._supervisor.gave_up + keeper

    def _set(self, state: str, detail: str | None = None) -> None:
        self._state = state
        self._write_status(detail)

    def _write_status(self, detail: str | None = None) -> None:
        with self._write_lock:
            status.write(self.home, self._status(detail))

    def _status(self, detail: str | None) -> status.StackStatus:
        pid = os.getpid()
        return status.StackStatus(
            pid=pid,
            pid_started=status.process_started(pid) or 0,
            state=self._state,
            started_at=self._started_at.isoformat(),
            instance=self._instance,
            detail=detail,
            parts=self._part_statuses(),
            urls=self.urls,
        )

    def _part_statuses(self) -> tuple[status.PartStatus, ...]:
        children = [
            status.PartStatus(
                name=name,
                state=child.state.value,
                pid=child.process.pid if child.runs else None,
                restarts=child.restarts,
                port=self._ports.get(PORT_OF.get(name, "")),
                last_end=child.last_end,
            )
            for name, child in list(self._supervisor.children.items())
        ]
        job = status.PartStatus(
            name="flink-job", state=self._keeper.state.value, restarts=self._keeper.restarts
        )
        return (*children, job)

    def _stop_all(self, state: str, detail: str | None = None) -> None:
        with self._stop_lock:
            if self._warden is not None:
                self._stop_children(self._warden, state, detail)
                self._warden = None
            if self._home_lock is not None:
                self._home_lock.close()
                self._home_lock = None

    def _stop_children(self, warden_process: subprocess.Popen[bytes], state: str, detail: str | None) -> None:
        self._supervisor.abandon()
        self._set("stopping", detail)
        self._keeper.stop()
        self._supervisor.stop(STOP_ORDER)
        self._spawner.close()
        self._archives.keep() if state == "stopped" else self._archives.discard()
        self._set(state, detail)
        if warden_process.stdin:
            warden_process.stdin.close()
        warden_process.wait()


def start_warden(instance: str) -> subprocess.Popen[bytes]:
    """Not leashed: it is the one that has to outlive us, for a moment."""
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(Path(warden.__file__)), instance],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={"PATH": "/usr/bin:/bin"},
        cwd="/",
        start_new_session=True,
    )
