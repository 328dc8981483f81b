"""Bringing our one Flink job to RUNNING, from its newest checkpoint when there is one."""

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from deploy.embedded.children import Launch
from deploy.embedded.errors import NotReady, StrangerOnPort
from deploy.embedded.flink import INSTANCE_KEY, Flink
from deploy.embedded.flink_rest import FlinkUnavailable
from deploy.embedded.home import PROJECT

PROGRAM = PROJECT / "flink_jobs" / "main.py"
ALIVE = {"CREATED", "INITIALIZING", "RUNNING", "RESTARTING", "RECONCILING"}


def newest_checkpoint(checkpoints: Path) -> Path | None:
    """The folder of the last completed checkpoint: only a completed one has its metadata."""
    found = sorted(checkpoints.glob("*/chk-*/_metadata"), key=lambda file: file.stat().st_mtime_ns)
    return found[-1].parent if found else None


def submission(flink: Flink, program: Path = PROGRAM) -> Launch:
    resume = newest_checkpoint(flink.checkpoints)
    start = ["-s", resume.as_uri()] if resume else []
    return flink.client("run", "--detached", *start, "--python", str(program))


@dataclass(frozen=True, kw_only=True)
class Job:
    flink: Flink

    def alive(self) -> str | None:
        """The id of the job that runs, or is about to; FlinkUnavailable when there is nobody to ask."""
        jobs = self.flink.rest.jobs()
        return next((job for job, state in jobs.items() if state in ALIVE), None)

    def wait_cluster(self, *, still_runs: Callable[[], bool], timeout_s: float = 90) -> None:
        """Returns when our JobManager answers; raises StrangerOnPort when it is not ours."""
        deadline = time.monotonic() + timeout_s
        while (found := self._instance()) is None:
            if not still_runs():
                raise NotReady("Flink ended while starting; logs/flink-jobmanager.log says why.")
            if time.monotonic() > deadline:
                raise NotReady("Flink does not answer; logs/flink-jobmanager.log says what it is doing.")
            time.sleep(0.1)
        if found != self.flink.home.key:
            raise StrangerOnPort(
                f"The Flink on {self.flink.url} is not ours. Run `faregate down` and `faregate up`: "
                "another port is chosen."
            )

    def _instance(self) -> str | None:
        try:
            return self.flink.rest.instance(INSTANCE_KEY) or "unnamed"
        except FlinkUnavailable:
            return None

    def wait_taskmanager(
        self, *, still_runs: Callable[[], bool], timeout_s: float = 90, wanted: int = 1
    ) -> None:
        deadline = time.monotonic() + timeout_s
        while self._taskmanagers() < wanted:
            if not still_runs():
                raise NotReady("Flink ended while starting; logs/flink-taskmanager.log says why.")
            if time.monotonic() > deadline:
                raise NotReady("Flink's TaskManager does not register; see logs/flink-taskmanager.log.")
            time.sleep(0.1)

    def _taskmanagers(self) -> int:
        try:
            return self.flink.rest.taskmanagers()
        except FlinkUnavailable:
            return 0

    def wait_ready(self, *, still_runs: Callable[[], bool], timeout_s: float = 120) -> str:
        """Returns the job's id when all its tasks run and a first checkpoint is complete."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            job_id = self._working()
            if job_id:
                forget_older(self.flink.checkpoints, job_id)
                return job_id
            if not still_runs():
                raise NotReady("A Flink process ended while the job was starting; see logs/flink-*.log.")
            time.sleep(0.1)
        raise NotReady(
            f"The Flink job does not run. {self._reason()} See {self.flink.url} and logs/flink-*.log."
        )

    def _working(self) -> str | None:
        rest = self.flink.rest
        try:
            job_id = self.alive()
            works = job_id and rest.tasks_run(job_id) and rest.completed_checkpoints(job_id) > 0
        except FlinkUnavailable:
            return None
        return job_id if works else None

    def _reason(self) -> str:
        try:
            job_id = self.alive()
            problem = self.flink.rest.last_exception(job_id) if job_id else None
        except FlinkUnavailable:
            problem = None
        return problem.splitlines()[0] if problem else "It reports no exception."


def forget_older(checkpoints: Path, job_id: str) -> None:
    """Removes checkpoints of earlier submissions; a completed one of this job does not need them."""
    for folder in checkpoints.iterdir():
        if folder.name != job_id:
            shutil.rmtree(folder, ignore_errors=True)
