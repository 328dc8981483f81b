"""The tasks of a start: what each part does to come up, and what it needs before."""

from dataclasses import dataclass

from app.desk.people import Role
from deploy.embedded import passwords
from deploy.embedded.children import last_words
from deploy.embedded.errors import StackError
from deploy.embedded.flink import Flink
from deploy.embedded.flink_job import Job
from deploy.embedded.history import History, HistorySize
from deploy.embedded.job_keeper import JobKeeper
from deploy.embedded.kafka import Kafka
from deploy.embedded.postgres import Postgres
from deploy.embedded.services import Services
from deploy.embedded.startup import Task
from deploy.embedded.supervisor import Supervisor

# Two analysts, because one case may be wanted twice, and two leads, because a rule needs a second one's yes.
CONSOLE_PEOPLE = {
    "ana": Role.ANALYST,
    "ben": Role.ANALYST,
    "lea": Role.LEAD,
    "lou": Role.LEAD,
    "ada": Role.ADMIN,
}


@dataclass(frozen=True, kw_only=True)
class Parts:
    kafka: Kafka
    postgres: Postgres
    flink: Flink
    services: Services
    job: Job
    supervisor: Supervisor
    keeper: JobKeeper
    history: History

    def start_tasks(self, size: HistorySize, *, with_dashboard: bool, with_learner: bool) -> dict[str, Task]:
        """`size` is how much history the first start simulates."""
        tasks = {
            "kafka": Task(run=self._start_kafka),
            "postgres": Task(run=self._start_postgres),
            "flink-jobmanager": Task(run=self._start_jobmanager),
            "flink-taskmanager": Task(run=self._start_taskmanager),
            "flink-submit": Task(run=self.keeper.submit),
            "migrations": Task(run=self._migrate, needs=("postgres",)),
            "feast": Task(run=self._apply_feast, needs=("migrations",)),
            "history": Task(run=lambda: self.history.make(size), needs=("kafka",)),
            "model": Task(run=self.history.train, needs=("history", "migrations")),
            "flink-job": Task(
                run=self._wait_job, needs=("flink-submit", "flink-jobmanager", "flink-taskmanager", "kafka")
            ),
            "writer": Task(run=self._start_writer, needs=("kafka", "feast")),
            # Heartbeats say "all before me was told": they start when the history has been told.
            "relay": Task(run=self._start_relay, needs=("kafka", "migrations", "history")),
            # What it does first is to read the whole past: not while the past is being told.
            "rings": Task(run=self._start_rings, needs=("kafka", "migrations", "history")),
            "features": Task(run=self._wait_features, needs=("flink-job", "writer", "relay", "rings")),
            "api": Task(run=self._start_api, needs=("migrations", "model")),
            "keeper": Task(run=self._start_keeper, needs=("migrations",)),
            "parity": Task(run=self._start_parity, needs=("migrations", "features")),
        }
        if with_learner:
            tasks["learner"] = Task(run=self._start_learner, needs=("api",))
        if with_dashboard:
            # It starts when the slowest part is past its start: two cores do not start everything at once.
            tasks["dashboard"] = Task(run=self._start_dashboard, needs=("migrations", "flink-submit"))
        return tasks

    def _start_kafka(self) -> None:
        self.kafka.prepare()
        self.supervisor.start(self.kafka.launch(), lambda runs: self.kafka.wait_ready(still_runs=runs))

    def _start_postgres(self) -> None:
        self.postgres.prepare()
        self.supervisor.start(self.postgres.launch(), lambda runs: self.postgres.wait_ready(still_runs=runs))

    def _start_jobmanager(self) -> None:
        self.supervisor.start(self.flink.jobmanager(), lambda runs: self.job.wait_cluster(still_runs=runs))

    def _start_taskmanager(self) -> None:
        self.supervisor.start(
            self.flink.taskmanager(), lambda runs: self.job.wait_taskmanager(still_runs=runs)
        )

    def _wait_job(self) -> None:
        self.keeper.wait_ready(lambda: self.supervisor.all_run("flink-jobmanager", "flink-taskmanager"))

    def _migrate(self) -> None:
        from app.migrations import migrate

        migrate(self.postgres.conninfo(passwords.OWNER))
        self._furnish()

    def _furnish(self) -> None:
        """The key that local callers use, a rulebook to begin with, and people for the console."""
        import psycopg

        from app.access.store import ensure_local_key
        from app.desk.people_store import ensure_people
        from app.rules import starter

        with psycopg.connect(self.postgres.conninfo(passwords.OWNER), autocommit=True) as connection:
            ensure_local_key(connection, self.postgres.passwords[passwords.API_KEY])
            starter.install(connection)
            ensure_people(connection, CONSOLE_PEOPLE, self.postgres.passwords[passwords.CONSOLE_PASSWORD])

    def _apply_feast(self) -> None:
        launch = self.services.python("feast", "-m", "feature_repo.apply", role=passwords.OWNER)
        if self.supervisor.run_once(launch, timeout_s=120) != 0:
            raise StackError(f"`feast apply` failed. {launch.log} ends: {last_words(launch.log)}")

    def _start_writer(self) -> None:
        self.supervisor.start(self.services.writer(), lambda _: None)

    def _start_relay(self) -> None:
        self.supervisor.start(self.services.relay(), lambda _: None)

    def _start_rings(self) -> None:
        self.supervisor.start(self.services.rings(), lambda _: None)

    def _wait_features(self) -> None:
        """Rings first: what they sent is in the store when a heartbeat of afterwards is."""
        self.services.wait_rings(lambda: self.supervisor.all_run("kafka", "postgres", "rings"))
        self.services.wait_features(
            lambda: self.supervisor.all_run("relay", "kafka", "flink-taskmanager", "writer")
        )

    def _start_api(self) -> None:
        self.supervisor.start(self.services.api(), self.services.wait_api)

    def _start_keeper(self) -> None:
        self.supervisor.start(self.services.keeper(), lambda _: None)

    def _start_parity(self) -> None:
        self.supervisor.start(self.services.parity(), lambda _: None)

    def _start_learner(self) -> None:
        self.supervisor.start(self.services.learner(), lambda _: None)

    def _start_dashboard(self) -> None:
        self.supervisor.start(self.services.dashboard(), self.services.wait_dashboard)
