"""A Kafka broker and a Flink cluster alone on a home of their own, to measure the job or to prove it.

Nothing is watched or started again: what ends early makes the trial fail.
"""

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from deploy.embedded import children, jars, ports
from deploy.embedded.children import Launch, Spawner, last_words
from deploy.embedded.errors import NotReady
from deploy.embedded.flink import Flink
from deploy.embedded.flink_job import PROGRAM, Job
from deploy.embedded.home import Home
from deploy.embedded.java import ClassArchives
from deploy.embedded.kafka import Kafka
from deploy.embedded.services import common_environment

SUBMISSION_TIMEOUT_S = 120.0
Process = subprocess.Popen[bytes]


@dataclass(kw_only=True)
class FlinkTrial:
    """`start_kafka` first, then `start_flink`, then `submit` as often as needed."""

    home: Home
    kafka: Kafka
    flink: Flink
    spawner: Spawner
    running: dict[str, tuple[Launch, Process]] = field(default_factory=dict)

    def start_kafka(self) -> None:
        self.kafka.prepare()
        self._start(self.kafka.launch())
        self.kafka.wait_ready(still_runs=self.all_run)

    def start_flink(self, *, taskmanagers: int = 1) -> None:
        self.flink.prepare()
        self._start(self.flink.jobmanager())
        for number in range(taskmanagers):
            self._start(self.flink.taskmanager(number))
        self.job.wait_cluster(still_runs=self.all_run)
        self.job.wait_taskmanager(still_runs=self.all_run, wanted=taskmanagers)

    def submit(self, *arguments: str, flags: tuple[str, ...] = (), program: Path = PROGRAM) -> None:
        """Gives the job to the cluster; `flags` are for Flink's client, `arguments` for the program."""
        launch = self.flink.client("run", "--detached", *flags, "--python", str(program), *arguments)
        process = self.spawner.spawn(launch)
        if process.wait(SUBMISSION_TIMEOUT_S) != 0:
            raise NotReady(f"Flink refuses the job. {launch.log} ends: {last_words(launch.log, lines=5)}")

    @property
    def job(self) -> Job:
        return Job(flink=self.flink)

    def pid(self, name: str) -> int:
        return self.running[name][1].pid

    def all_run(self) -> bool:
        return all(process.poll() is None for _, process in self.running.values())

    def kill(self, name: str) -> None:
        """As `kill -9`; it is not missed by `all_run` afterwards."""
        launch, process = self.running.pop(name)
        process.kill()
        children.stop(process, launch)

    def start_taskmanager(self, number: int) -> None:
        self._start(self.flink.taskmanager(number))

    def stop_flink(self) -> None:
        for name in [name for name in self.running if name.startswith("flink")]:
            self._stop(name)

    def stop(self) -> None:
        self.stop_flink()
        for name in list(self.running):
            self._stop(name)

    def _start(self, launch: Launch) -> None:
        self.running[launch.name] = (launch, self.spawner.spawn(launch))

    def _stop(self, name: str) -> None:
        launch, process = self.running.pop(name)
        children.stop(process, launch)


@contextmanager
def flink_trial(home: Home, settings: Mapping[str, str] | None = None) -> Iterator[FlinkTrial]:
    """`settings` are Flink's own and go over ours."""
    home.make()
    jar_folder = jars.cache_folder(os.environ)
    jars.ensure(jar_folder)
    chosen = ports.choose({}, {})
    archives = ClassArchives(folder=jar_folder.parent / "classes", writer=f"trial-{os.getpid()}")
    archives.prepare()
    instance = f"{home.key}-trial"
    env = common_environment(os.environ, home, f"{ports.LOOPBACK}:{chosen['kafka']}", instance)
    kafka = Kafka(
        home=home,
        port=chosen["kafka"],
        controller_port=chosen["kafka_controller"],
        jar_folder=jar_folder,
        archives=archives,
        env=env,
    )
    flink = Flink(
        home=home,
        port=chosen["flink"],
        rpc_port=chosen["flink_rpc"],
        jar_folder=jar_folder,
        archives=archives,
        env=env,
        settings=settings or {},
    )
    spawner = Spawner()
    trial = FlinkTrial(home=home, kafka=kafka, flink=flink, spawner=spawner)
    try:
        yield trial
    finally:
        trial.stop()
        spawner.close()
        archives.discard()
