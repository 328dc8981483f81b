"""Real parts for the tests that need them, each started once a process on free loopback ports."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser, sync_playwright
from xdist.scheduler import LoadScopeScheduling

from app.migrations import migrate
from deploy.bench.browser.chromium import FLAGS
from deploy.embedded import children, jars, passwords, ports
from deploy.embedded.home import Home
from deploy.embedded.java import ClassArchives
from deploy.embedded.kafka import Kafka
from deploy.embedded.postgres import Postgres

OWNER = "faregate_owner"
CHROMIUM = shutil.which("chromium")
Conninfo = Callable[[str], str]
# Of all partitions few have rows, and to empty one takes as long as to make its files anew.
TABLES_WITH_ROWS = """
select string_agg(oid::regclass::text, ', ') from pg_class
where relnamespace = 'public'::regnamespace and relkind = 'r' and relname <> 'schema_version'
    and pg_relation_size(oid) > 0
"""


class StackTogether(LoadScopeScheduling):
    """Tests run file by file on every core, those of the whole stack in one process."""

    def _split_scope(self, nodeid: str) -> str:
        return "e2e" if nodeid.startswith("tests/e2e/") else nodeid.partition("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    return StackTogether(config, log)


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
        [names] = connection.execute(TABLES_WITH_ROWS).fetchone() or [None]
        if names:
            connection.execute(f"truncate {names} restart identity cascade")
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


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium. Playwright's loop runs in this thread meanwhile: async tests must find it ended."""
    if CHROMIUM is None:
        pytest.skip("needs Debian's chromium on the PATH: `make browser` installs it")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield started
        started.close()
