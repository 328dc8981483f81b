"""Real parts for the tests that need them, each started once a session on free loopback ports."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from xdist.scheduler import LoadScopeScheduling

from app.migrations import migrate
from deploy.embedded import children, jars, passwords, ports
from deploy.embedded.history import HistorySize
from deploy.embedded.home import Home, temporary_home
from deploy.embedded.java import ClassArchives
from deploy.embedded.kafka import Kafka
from deploy.embedded.postgres import Postgres
from deploy.embedded.stack import Stack, StackOptions

OWNER = "faregate_owner"
PAST = HistorySize(payments=22_000)
CONSOLE = frozenset(
    ("test_alerts_table", "test_case_desk", "test_case_reader", "test_dial_reader", "test_models_page_reader",
     "test_overview_reader", "test_people_and_sessions", "test_people_command", "test_policy_command",
     "test_policy_versions", "test_queue_reader", "test_ring_desk", "test_rule_proposals",
     "test_rule_standing", "test_seal_formats", "test_words_taken_back", "test_cases_by_keyboard",
     "test_every_page", "test_live_in_browser", "test_rule_by_two_people", "test_signing_in_by_openid")
)  # fmt: skip
Conninfo = Callable[[str], str]
EVERY_TABLE = """
select string_agg(quote_ident(relname), ', ') from pg_class
where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition
    and relname <> 'schema_version'
"""


class RealPartsTogether(LoadScopeScheduling):
    """Unit tests run on every core, file by file; what shares real parts, in one process.

    The console's tests need little more than a database: they have one of their own, beside the others.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        if file.startswith("tests/unit/"):
            return file
        return "console" if Path(file).stem in CONSOLE else "real parts"


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    return RealPartsTogether(config, log)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def home() -> Iterator[Home]:
    """A folder that PostgreSQL's unprivileged user may pass through, which pytest's own are not."""
    folder = Path(tempfile.mkdtemp(prefix="faregate-test-"))
    folder.chmod(0o711)
    made = Home(root=folder)
    made.make()
    yield made
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def spawner() -> Iterator[children.Spawner]:
    starts = children.Spawner()
    yield starts
    starts.close()


@pytest.fixture(scope="session")
def free_ports() -> dict[str, int]:
    return ports.choose({}, {})


@pytest.fixture(scope="session")
def postgres(home: Home, spawner: children.Spawner, free_ports: dict[str, int]) -> Iterator[Postgres]:
    """PostgreSQL with our roles and tables."""
    server = Postgres(home=home, port=free_ports["postgres"], passwords=passwords.load(home.secrets))
    server.prepare()
    process = spawner.spawn(server.launch())
    try:
        server.wait_ready(still_runs=lambda: process.poll() is None)
        migrate(server.conninfo(OWNER))
        yield server
    finally:
        children.stop(process, server.launch())


@pytest.fixture
def conninfo(postgres: Postgres) -> Conninfo:
    """How a role connects; every table but the schema's version is empty when the test begins."""
    with psycopg.connect(postgres.conninfo(OWNER), autocommit=True) as connection:
        names = connection.execute(EVERY_TABLE).fetchone()
        assert names
        connection.execute(f"truncate {names[0]} restart identity")
    return postgres.conninfo


@pytest.fixture(scope="session")
def kafka(home: Home, spawner: children.Spawner, free_ports: dict[str, int]) -> Iterator[Kafka]:
    """A broker with all our topics; tests share it, so they must look for their own ids."""
    jar_folder = jars.cache_folder(os.environ)
    jars.ensure(jar_folder)
    archives = ClassArchives(folder=jar_folder.parent / "classes", writer=f"test-{os.getpid()}")
    archives.prepare()
    broker = Kafka(
        home=home,
        port=free_ports["kafka"],
        controller_port=free_ports["kafka_controller"],
        jar_folder=jar_folder,
        archives=archives,
        env=dict(os.environ),
    )
    broker.prepare()
    process = spawner.spawn(broker.launch())
    try:
        broker.wait_ready(still_runs=lambda: process.poll() is None)
        yield broker
    finally:
        children.stop(process, broker.launch())


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """The whole stack, with a past and the model that learned from it; neither dashboard nor learner."""
    with temporary_home() as own:
        options = StackOptions(size=PAST, with_dashboard=False, with_learner=False)
        started = Stack(home=own, env=os.environ, options=options)
        started.start()
        try:
            yield started
        finally:
            started.stop()
