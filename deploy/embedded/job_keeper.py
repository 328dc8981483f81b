"""Keeps the one Flink job running: a JobManager that was started again has forgotten it."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from deploy.embedded.children import last_words
from deploy.embedded.errors import NotReady
from deploy.embedded.flink_job import PROGRAM, Job, submission
from deploy.embedded.flink_rest import FlinkUnavailable
from deploy.embedded.supervisor import RestartLimit, State, Supervisor
from domain.errors import FaregateError

log = logging.getLogger("faregate.supervisor")
LOOK_S = 1.0
PATIENCE_LOOKS = 2
SUBMISSION_TIMEOUT_S = 120.0


class JobKeeper:
    def __init__(
        self,
        *,
        job: Job,
        supervisor: Supervisor,
        on_change: Callable[[], None],
        program: Path = PROGRAM,
        limit: RestartLimit | None = None,
    ) -> None:
        self._job = job
        self._supervisor = supervisor
        self._on_change = on_change
        self._program = program
        self._limit = limit or RestartLimit()
        self._recent: deque[float] = deque()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._look_forever, name="job-keeper", daemon=True)
        self.state = State.STARTING
        self.restarts = 0
        self.job_id: str | None = None

    def submit(self) -> None:
        """Gives the job to the cluster, from the newest checkpoint when there is one."""
        launch = submission(self._job.flink, self._program)
        if self._supervisor.run_once(launch, SUBMISSION_TIMEOUT_S) != 0:
            raise NotReady(f"Flink refuses the job. {launch.log} ends: {last_words(launch.log, lines=5)}")

    def wait_ready(self, still_runs: Callable[[], bool]) -> None:
        self.job_id = self._job.wait_ready(still_runs=still_runs)
        self._set(State.READY)

    def watch(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self.state = State.STOPPED

    def _set(self, state: State) -> None:
        self.state = state
        self._on_change()

    def _look_forever(self) -> None:
        looks_without = 0
        while self.state is not State.GAVE_UP and not self._stopping.wait(LOOK_S):
            looks_without = looks_without + 1 if self._is_gone() else 0
            if looks_without > PATIENCE_LOOKS:
                looks_without = 0
                self._bring_back()

    def _is_gone(self) -> bool:
        """The JobManager answers and knows of no job that runs; while it does not answer, we cannot tell."""
        try:
            return self._job.alive() is None
        except FlinkUnavailable:
            return False

    def _bring_back(self) -> None:
        now = time.monotonic()
        while self._recent and self._recent[0] < now - self._limit.window_s:
            self._recent.popleft()
        if len(self._recent) >= self._limit.count:
            log.error("The Flink job ended too often and is not submitted again; see logs/flink-*.log")
            self._set(State.GAVE_UP)
            return
        self._recent.append(now)
        self.restarts += 1
        self._set(State.STARTING)
        log.warning("The Flink job is gone: submitting it again from its newest checkpoint")
        try:
            self.submit()
            self.wait_ready(lambda: not self._stopping.is_set())
        except FaregateError as problem:
            if not self._stopping.is_set():
                log.warning("The Flink job is not back yet: %s", problem)
