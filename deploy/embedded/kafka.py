"""A Kafka broker and controller in one process, on loopback."""

import secrets
import subprocess
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.embedded import jars
from deploy.embedded.children import BEHIND_PAYMENTS, Launch
from deploy.embedded.errors import NotReady, StackError, StrangerOnPort
from deploy.embedded.home import Home
from deploy.embedded.java import QUICK_START, ClassArchives, java
from deploy.embedded.ports import LOOPBACK, answers
from domain.topics import ALL, Topic

LOG_CONFIG = Path(__file__).parent / "kafka-log4j2.properties"
READY_CHECK = "faregate.ready-check"
HEAP = ("-Xmx256m", "-Xms64m")

# Small buffers and quick failure detection: one broker on one machine.
SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "num.partitions": "4",
    "offsets.topic.num.partitions": "4",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "4",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    "auto.create.topics.enable": "false",
    "log.cleaner.dedupe.buffer.size": "16777216",
    "broker.session.timeout.ms": "2000",
    "broker.heartbeat.interval.ms": "500",
    "num.network.threads": "2",
    "num.io.threads": "2",
}


@dataclass(frozen=True, kw_only=True)
class Kafka:
    home: Home
    port: int
    controller_port: int
    jar_folder: Path
    archives: ClassArchives
    env: Mapping[str, str]

    @property
    def bootstrap(self) -> str:
        return f"{LOOPBACK}:{self.port}"

    @property
    def _settings_file(self) -> Path:
        return self.home.kafka / "server.properties"

    @property
    def _data(self) -> Path:
        return self.home.kafka / "data"

    def cluster_id(self) -> str:
        """Made once for a home; tells our broker from somebody else's on the same port."""
        file = self.home.kafka / "cluster-id"
        if not file.exists():
            file.write_text(urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("="))
        return file.read_text()

    def prepare(self) -> None:
        """Writes the settings and formats the data folder at the first start."""
        self.home.kafka.mkdir(parents=True, exist_ok=True)
        own = {
            "controller.quorum.voters": f"1@{LOOPBACK}:{self.controller_port}",
            "listeners": f"PLAINTEXT://{LOOPBACK}:{self.port},CONTROLLER://{LOOPBACK}:{self.controller_port}",
            "log.dirs": str(self._data),
        }
        lines = [f"{name}={value}\n" for name, value in {**SETTINGS, **own}.items()]
        self._settings_file.write_text("".join(lines))
        if not (self._data / "meta.properties").exists():
            self._format()

    def _format(self) -> None:
        # An id may begin with a dash: only the form with `=` is safe.
        arguments = ["format", f"--cluster-id={self.cluster_id()}", "-c", str(self._settings_file)]
        done = subprocess.run(
            [*self._java(), "kafka.tools.StorageTool", *arguments],
            capture_output=True,
            text=True,
            env=dict(self.env),
            check=False,
        )
        if done.returncode != 0:
            raise StackError(f"Kafka's data folder {self._data} cannot be formatted: {done.stderr.strip()}")

    def _java(self) -> list[str]:
        class_path = jars.paths("kafka", self.jar_folder)
        log = f"-Dlog4j2.configurationFile={LOG_CONFIG}"
        return [java(), *HEAP, *QUICK_START, log, "-cp", ":".join(map(str, class_path))]

    def launch(self) -> Launch:
        archived = self.archives.options("kafka", jars.paths("kafka", self.jar_folder))
        return Launch(
            name="kafka",
            argv=(*self._java(), *archived, "kafka.Kafka", str(self._settings_file)),
            env=self.env,
            cwd=self.home.kafka,
            log=self.home.logs / "kafka.log",
            niceness=BEHIND_PAYMENTS,
        )

    def wait_ready(self, *, still_runs: Callable[[], bool], timeout_s: float = 60) -> None:
        """Returns when our broker answers and every topic of ours exists in it."""
        deadline = time.monotonic() + timeout_s
        while not answers(self.port):
            _check(still_runs, deadline)
            time.sleep(0.05)
        admin = admin_client(self.bootstrap)
        while (found := _cluster_id(admin)) is None:
            _check(still_runs, deadline)
        if found != self.cluster_id():
            raise StrangerOnPort(
                f"The Kafka broker on {self.bootstrap} is not ours: its cluster is {found}, ours is "
                f"{self.cluster_id()}. Run `faregate down` and `faregate up`: another port is chosen."
            )
        if not ensure_topics(admin, ALL):
            prove_writable(admin)


def _check(still_runs: Callable[[], bool], deadline: float) -> None:
    if not still_runs():
        raise NotReady("Kafka ended while starting; logs/kafka.log says why.")
    if time.monotonic() > deadline:
        raise NotReady("Kafka does not answer; logs/kafka.log says what it is doing.")


def admin_client(bootstrap: str) -> Any:
    from confluent_kafka.admin import AdminClient

    quiet = {"log_level": 0, "reconnect.backoff.ms": 50, "reconnect.backoff.max.ms": 200}
    return AdminClient({"bootstrap.servers": bootstrap, **quiet})


def _cluster_id(admin: Any) -> str | None:
    from confluent_kafka import KafkaException

    try:
        metadata = admin.list_topics(timeout=1)
    except KafkaException:
        return None
    return str(metadata.cluster_id) if metadata.brokers else None


def ensure_topics(admin: Any, topics: Iterable[Topic]) -> list[str]:
    """Creates the topics that are absent and returns their names; raises StackError on other partitions."""
    existing = admin.list_topics(timeout=10).topics
    for topic in topics:
        if topic.name in existing and len(existing[topic.name].partitions) != topic.partitions:
            raise StackError(
                f"Topic {topic.name} has {len(existing[topic.name].partitions)} partitions, not "
                f"{topic.partitions}. `make clean` removes the local state and starts afresh."
            )
    absent = [topic for topic in topics if topic.name not in existing]
    _create(admin, absent)
    return [topic.name for topic in absent]


def _create(admin: Any, topics: list[Topic]) -> None:
    from confluent_kafka import KafkaError, KafkaException
    from confluent_kafka.admin import NewTopic

    wanted = [
        NewTopic(topic.name, num_partitions=topic.partitions, replication_factor=1, config=topic.config())
        for topic in topics
    ]
    if not wanted:
        return
    for created in admin.create_topics(wanted, operation_timeout=30).values():
        try:
            created.result()
        except KafkaException as problem:
            if problem.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise


def prove_writable(admin: Any) -> None:
    """Creates and removes a topic: the metadata log accepts writes."""
    _create(admin, [Topic(name=READY_CHECK, key="none", partitions=1, retention_days=1)])
    for removed in admin.delete_topics([READY_CHECK], operation_timeout=30).values():
        removed.result()
