"""Our own processes as the stack runs them: what each is told, and how we know that it works."""

import json
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from deploy.embedded.children import BEHIND_ALL, BEHIND_PAYMENTS, Launch
from deploy.embedded.errors import NotReady, StrangerOnPort
from deploy.embedded.home import PROJECT, Home
from deploy.embedded.passwords import MODEL_KEY
from deploy.embedded.ports import LOOPBACK
from deploy.embedded.postgres import DATABASE
from deploy.embedded.warden import MARK
from domain.links import LINK_TOPICS
from domain.model_key import VARIABLE
from domain.online_store import WATERMARK_VIEW, decode_watermark
from domain.topics import source_number

if TYPE_CHECKING:
    import psycopg

# What a caller may wish of the API; all else of ours in the caller's environment is of another stack.
WISHES = ("FAREGATE_DEADLINE_MS", "FAREGATE_PASS_THROUGH", "FAREGATE_PASS_THROUGH_MOST_MINOR")


@dataclass(frozen=True, kw_only=True)
class Learning:
    """How often the learner looks for what is known by now, and after how long a payment that nobody charged
    back counts as good."""

    every_s: int = 180
    maturity_s: int = 90 * 86_400


@dataclass(frozen=True, kw_only=True)
class Services:
    home: Home
    ports: Mapping[str, int]
    passwords: Mapping[str, str]
    env: Mapping[str, str]  # what every child gets
    instance: str
    learning: Learning = field(default_factory=Learning)

    @property
    def model_key(self) -> dict[str, str]:
        """For those who seal models, or check a seal."""
        return {VARIABLE: self.passwords[MODEL_KEY]}

    @property
    def api_url(self) -> str:
        return f"http://{LOOPBACK}:{self.ports['api']}"

    @property
    def dashboard_url(self) -> str:
        return f"http://{LOOPBACK}:{self.ports['dashboard']}"

    def database(self, role: str) -> dict[str, str]:
        """Postgres as libpq reads it from the environment."""
        return {
            "PGHOST": LOOPBACK,
            "PGPORT": str(self.ports["postgres"]),
            "PGDATABASE": DATABASE,
            "PGUSER": role,
            "PGPASSWORD": self.passwords[role],
            "PGSSLMODE": "disable",
        }

    def python(self, name: str, *arguments: str, role: str, **env: str) -> Launch:
        return Launch(
            name=name,
            argv=(sys.executable, *arguments),
            env={**self.env, **self.database(role), **env},
            cwd=PROJECT,
            log=self.home.logs / f"{name}.log",
        )

    def api(self) -> Launch:
        settings = {
            "FAREGATE_API_HOST": LOOPBACK,
            "FAREGATE_API_PORT": str(self.ports["api"]),
            "FAREGATE_ECHO": "1",  # the yardstick of `faregate bench decision`
        }
        settings |= self.model_key | self._host_state()
        return self.python("api", "-m", "app.workers", role="faregate_api", **settings)

    def keeper(self) -> Launch:
        keeper = self.python("keeper", "-m", "app.keeper", role="faregate_keeper", **self._host_state())
        return replace(keeper, niceness=BEHIND_PAYMENTS)

    def _host_state(self) -> dict[str, str]:
        return {"FAREGATE_STATE_DIR": str(self.home.host)}

    def relay(self) -> Launch:
        relay = self.python("relay", "-m", "app.relay", role="faregate_relay")
        return replace(relay, niceness=BEHIND_PAYMENTS)

    def writer(self) -> Launch:
        writer = self.python("writer", "-m", "feature_repo.writer", role="faregate_writer")
        return replace(writer, niceness=BEHIND_PAYMENTS)

    def rings(self) -> Launch:
        rings = self.python("rings", "-m", "feature_repo.rings", role="faregate_writer")
        return replace(rings, niceness=BEHIND_PAYMENTS)

    def parity(self) -> Launch:
        # What Arrow frees goes back to the system, instead of to a pool that nobody else uses.
        alarm = self.python(
            "parity", "-m", "deploy.parity", role="faregate_learner", ARROW_DEFAULT_MEMORY_POOL="system"
        )
        return replace(alarm, niceness=BEHIND_ALL)

    def learner(self) -> Launch:
        settings = {
            "FAREGATE_LEARN_EVERY_S": str(self.learning.every_s),
            "FAREGATE_MATURITY_S": str(self.learning.maturity_s),
            "FAREGATE_TRAINING_SET": str(self.home.training_set),
            "ARROW_DEFAULT_MEMORY_POOL": "system",
        }
        learner = self.python(
            "learner", "-m", "scoring.learning", role="faregate_learner", **settings, **self.model_key
        )
        return replace(learner, niceness=BEHIND_ALL)

    def dashboard(self) -> Launch:
        options = {
            "server.port": str(self.ports["dashboard"]),
            "server.address": LOOPBACK,
            "server.headless": "true",
            "server.fileWatcherType": "none",
            "browser.gatherUsageStats": "false",
        }
        flags = [word for name, value in options.items() for word in (f"--{name}", value)]
        console = self.python(
            "dashboard",
            *("-m", "streamlit", "run", "dashboard/main.py", *flags),
            role="faregate_console",
            FAREGATE_FLINK_URL=f"http://{LOOPBACK}:{self.ports['flink']}",
            FAREGATE_MATURITY_S=str(self.learning.maturity_s),
        )
        return replace(console, niceness=BEHIND_PAYMENTS)

    def wait_api(self, still_runs: Callable[[], bool]) -> None:
        """Ready when it has written to the database and read from it; ours when it says our instance."""
        wait_http(f"{self.api_url}/readyz", "api", still_runs)
        _, readiness = get(f"{self.api_url}/readyz")
        if json.loads(readiness)["status"] != "ready":
            raise NotReady(f"The API works, but only partly: {readiness}")
        status, body = get(f"{self.api_url}/healthz")
        if status != 200 or self.instance not in body:
            raise StrangerOnPort(f"What answers on {self.api_url} is not our API. Run `faregate down` first.")

    def wait_dashboard(self, still_runs: Callable[[], bool]) -> None:
        wait_http(f"{self.dashboard_url}/_stcore/health", "dashboard", still_runs)

    def wait_features(self, still_runs: Callable[[], bool], timeout_s: float = 900) -> None:
        """Ready when a heartbeat of now, and so all before it, has come through to the online store."""
        import psycopg

        began = time.monotonic()
        since_ms = time.time_ns() // 1_000_000
        with psycopg.connect(self._owner(), autocommit=True) as connection:
            while _low_watermark_ms(connection) < since_ms:
                if time.monotonic() > began + timeout_s or not still_runs():
                    raise NotReady(
                        "No heartbeat comes through the feature pipeline; see logs/relay.log, "
                        "logs/flink-taskmanager.log and logs/writer.log."
                    )
                time.sleep(0.05)

    def wait_rings(self, still_runs: Callable[[], bool], timeout_s: float = 900) -> None:
        """Ready when the builder has read all links that stand in Kafka now."""
        import psycopg

        deadline = time.monotonic() + timeout_s
        wanted = newest_offsets(self.env["FAREGATE_KAFKA"])
        with psycopg.connect(self._owner(), autocommit=True) as connection:
            while not _reached(connection, wanted):
                if time.monotonic() > deadline or not still_runs():
                    raise NotReady(
                        "The rings are not built yet; logs/rings.log says what their builder does."
                    )
                time.sleep(0.1)

    def has_champion(self) -> bool:
        import psycopg

        from scoring.registry import Registry

        with psycopg.connect(self._owner(), autocommit=True) as connection:
            return Registry(connection).champion() is not None

    def _owner(self) -> str:
        return " ".join(
            f"{name}={value}"
            for name, value in {
                "host": LOOPBACK,
                "port": self.ports["postgres"],
                "dbname": DATABASE,
                "user": "faregate_owner",
                "password": self.passwords["faregate_owner"],
            }.items()
        )


def _low_watermark_ms(connection: "psycopg.Connection[tuple[bytes]]") -> int:
    query = "select payload from online_store where view = %s"
    row = connection.execute(query, [WATERMARK_VIEW]).fetchone()
    return decode_watermark(row[0]) if row else 0


def newest_offsets(bootstrap: str) -> dict[int, int]:
    """The end of each source partition that tells links, by domain.topics.source_number."""
    from confluent_kafka import Consumer, TopicPartition

    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "faregate-start"})
    try:
        ends = {}
        for topic in LINK_TOPICS:
            for number in range(topic.partitions):
                _, end = consumer.get_watermark_offsets(TopicPartition(topic.name, number), timeout=10)
                ends[source_number(topic.name, number)] = int(end)
        return ends
    finally:
        consumer.close()


def _reached(connection: "psycopg.Connection[tuple[int, int]]", wanted: Mapping[int, int]) -> bool:
    reached = dict(connection.execute("select source, next_offset from link_positions").fetchall())
    return all(reached.get(source, 0) >= end for source, end in wanted.items())


def get(url: str, timeout_s: float = 2) -> tuple[int, str]:
    """Status and body; status 0 when nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=timeout_s) as reply:  # noqa: S310 - always loopback http
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read().decode(errors="replace")
    except OSError:
        return 0, ""


def wait_http(url: str, name: str, still_runs: Callable[[], bool], timeout_s: float = 60) -> None:
    deadline = time.monotonic() + timeout_s
    while (answer := get(url))[0] != 200:
        if not still_runs():
            raise NotReady(f"The {name} ended while starting; logs/{name}.log says why.")
        if time.monotonic() > deadline:
            raise NotReady(f"The {name} is not ready: {url} says {answer[0] or 'nothing'} {answer[1][:200]}")
        time.sleep(0.05)


def common_environment(base: Mapping[str, str], home: Home, kafka: str, instance: str) -> dict[str, str]:
    """The caller's environment without what would mislead a child, and with what every child is told."""
    wished = {name: base[name] for name in WISHES if name in base}
    misleading = ("PG", "PYTHON", "FAREGATE_", "FLINK_", "JAVA_", "KAFKA_", "STREAMLIT_", "VIRTUAL_ENV")
    kept = {name: value for name, value in base.items() if not name.startswith(misleading)}
    return {
        **kept,
        **wished,
        "FAREGATE_HOME": str(home.root),
        "FAREGATE_KAFKA": kafka,
        MARK: instance,
        "PYTHONUNBUFFERED": "1",
        "OMP_NUM_THREADS": "1",
    }
