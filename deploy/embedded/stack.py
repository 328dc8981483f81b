"""The whole local stack: what it consists of, in which order it starts and stops, and where it listens."""

import fcntl
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
from deploy.embedded.children import Spawner, last_words
from deploy.embedded.errors import StackError
from deploy.embedded.flink import Flink
from deploy.embedded.flink_job import Job
from deploy.embedded.history import History, HistorySize
from deploy.embedded.home import Home, read_json, write_json
from deploy.embedded.java import ClassArchives
from deploy.embedded.job_keeper import JobKeeper
from deploy.embedded.kafka import Kafka
from deploy.embedded.postgres import Postgres
from deploy.embedded.services import Services, common_environment
from deploy.embedded.startup import Progress, Task
from deploy.embedded.supervisor import State, Supervisor

log = logging.getLogger("faregate.supervisor")

# First those who call, last those who are called.
STOP_ORDER = (
    ("dashboard", "api"),
    ("relay", "writer"),
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
    targets: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Addresses:
    kafka: str
    api_url: str
    dashboard_url: str
    flink_url: str
    conninfo: Mapping[str, str] = field(repr=False)  # by role


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
        words = passwords.load(self.home.secrets)
        broker = f"{ports.LOOPBACK}:{self._ports['kafka']}"
        env = common_environment(self._env, self.home, broker, self._instance)
        self._archives = ClassArchives(folder=jar_folder.parent / "classes", writer=self._instance)
        self._archives.prepare()
        self._kafka = Kafka(
            home=self.home,
            port=self._ports["kafka"],
            controller_port=self._ports["kafka_controller"],
            jar_folder=jar_folder,
            archives=self._archives,
            env=env,
        )
        self._postgres = Postgres(home=self.home, port=self._ports["postgres"], passwords=words)
        self._flink = Flink(
            home=self.home,
            port=self._ports["flink"],
            rpc_port=self._ports["flink_rpc"],
            jar_folder=jar_folder,
            archives=self._archives,
            env=env,
        )
        self._services = Services(
            home=self.home, ports=self._ports, passwords=words, env=env, instance=self._instance
        )
        self._flink.prepare()
        self._job = Job(flink=self._flink)
        self._warden = start_warden(self._instance)
        self._spawner = Spawner()
        self._supervisor = Supervisor(spawner=self._spawner, on_change=self._write_status)
        self._keeper = JobKeeper(job=self._job, supervisor=self._supervisor, on_change=self._write_status)
        self._history = History(home=self.home, services=self._services, supervisor=self._supervisor)

    def _tasks(self) -> dict[str, Task]:
        tasks = {
            "kafka": Task(run=self._start_kafka),
            "postgres": Task(run=self._start_postgres),
            "flink-jobmanager": Task(run=self._start_jobmanager),
            "flink-taskmanager": Task(run=self._start_taskmanager),
            "flink-submit": Task(run=self._submit),
            "migrations": Task(run=self._migrate, needs=("postgres",)),
            "feast": Task(run=self._apply_feast, needs=("migrations",)),
            "history": Task(run=self._make_history, needs=("kafka",)),
            "model": Task(run=self._history.train, needs=("history",)),
            "flink-job": Task(
                run=self._wait_job, needs=("flink-submit", "flink-jobmanager", "flink-taskmanager", "kafka")
            ),
            "writer": Task(run=self._start_writer, needs=("kafka", "feast")),
            # Heartbeats say "all before me was told": they start when the history has been told.
            "relay": Task(run=self._start_relay, needs=("kafka", "migrations", "history")),
            "features": Task(run=self._wait_features, needs=("flink-job", "writer", "relay")),
            "api": Task(run=self._start_api, needs=("migrations", "model")),
        }
        if self._options.with_dashboard:
            # It starts when the slowest part is past its start: two cores do not start everything at once.
            tasks["dashboard"] = Task(run=self._start_dashboard, needs=("migrations", "flink-submit"))
        return tasks if self._options.targets is None else startup.needed_for(tasks, self._options.targets)

    def _start_kafka(self) -> None:
        self._kafka.prepare()
        self._supervisor.start(self._kafka.launch(), lambda runs: self._kafka.wait_ready(still_runs=runs))

    def _start_postgres(self) -> None:
        self._postgres.prepare()
        self._supervisor.start(
            self._postgres.launch(), lambda runs: self._postgres.wait_ready(still_runs=runs)
        )

    def _start_jobmanager(self) -> None:
        self._supervisor.start(self._flink.jobmanager(), lambda runs: self._job.wait_cluster(still_runs=runs))

    def _start_taskmanager(self) -> None:
        self._supervisor.start(
            self._flink.taskmanager(), lambda runs: self._job.wait_taskmanager(still_runs=runs)
        )

    def _submit(self) -> None:
        self._keeper.submit()

    def _wait_job(self) -> None:
        self._keeper.wait_ready(lambda: self._supervisor.all_run("flink-jobmanager", "flink-taskmanager"))

    def _migrate(self) -> None:
        from app.migrations import migrate

        migrate(self._postgres.conninfo(passwords.OWNER))

    def _apply_feast(self) -> None:
        launch = self._services.python("feast", "-m", "feature_repo.apply", role=passwords.OWNER)
        if self._supervisor.run_once(launch, timeout_s=120) != 0:
            raise StackError(f"`feast apply` failed. {launch.log} ends: {last_words(launch.log)}")

    def _make_history(self) -> None:
        self._history.make(self._options.size)

    def _start_writer(self) -> None:
        self._supervisor.start(self._services.writer(), lambda _: None)

    def _start_relay(self) -> None:
        self._supervisor.start(self._services.relay(), lambda _: None)

    def _wait_features(self) -> None:
        self._services.wait_features(
            lambda: self._supervisor.all_run("relay", "kafka", "flink-taskmanager", "writer")
        )

    def _start_api(self) -> None:
        self._supervisor.start(self._services.api(), self._services.wait_api)

    def _start_dashboard(self) -> None:
        self._supervisor.start(self._services.dashboard(), self._services.wait_dashboard)

    @property
    def addresses(self) -> Addresses:
        return Addresses(
            kafka=self._kafka.bootstrap,
            api_url=self._services.api_url,
            dashboard_url=self._services.dashboard_url,
            flink_url=self._flink.url,
            conninfo={role: self._postgres.conninfo(role) for role in passwords.ROLES},
        )

    @property
    def urls(self) -> dict[str, str]:
        return {
            "api": self._services.api_url,
            "docs": f"{self._services.api_url}/docs",
            "dashboard": self._services.dashboard_url,
            "flink": self._flink.url,
            "kafka": self._kafka.bootstrap,
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
            parts=self._parts(),
            urls=self.urls,
        )

    def _parts(self) -> tuple[status.PartStatus, ...]:
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
