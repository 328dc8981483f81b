"""A private PostgreSQL, and a private Kafka, for the tests of the feature store."""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from app.migrations.runner import migrate
from deploy.embedded import children, jars, passwords, ports
from deploy.embedded.home import Home
from deploy.embedded.java import ClassArchives
from deploy.embedded.kafka import Kafka
from deploy.embedded.postgres import Postgres


@dataclass(frozen=True, kw_only=True)
class Database:
    postgres: Postgres

    def env(self, role: str) -> dict[str, str]:
        """What libpq and feature_store.yaml read from the environment."""
        parts = conninfo_to_dict(self.postgres.conninfo(role))
        names = {"host": "PGHOST", "port": "PGPORT", "dbname": "PGDATABASE", "user": "PGUSER"}
        names["password"] = "PGPASSWORD"
        return {name: str(parts[part]) for part, name in names.items()} | {"PGSSLMODE": "disable"}

    def connect(self, role: str = "faregate_writer") -> psycopg.Connection:
        return psycopg.connect(self.postgres.conninfo(role), autocommit=True)


@contextmanager
def a_home() -> Iterator[Home]:
    """Not pytest's folder: PostgreSQL's user could not enter that one."""
    root = Path(tempfile.mkdtemp(prefix="faregate-test-"))
    root.chmod(0o711)
    home = Home(root=root)
    home.make()
    try:
        yield home
    finally:
        shutil.rmtree(root)


@contextmanager
def a_database(home: Home) -> Iterator[Database]:
    server = Postgres(home=home, port=_ports()["postgres"], passwords=passwords.load(home.secrets))
    server.prepare()
    with _running(server):
        migrate(server.conninfo("faregate_owner"))
        yield Database(postgres=server)


@contextmanager
def a_broker(home: Home) -> Iterator[str]:
    chosen, folder = _ports(), jars.cache_folder(os.environ)
    jars.ensure(folder)
    broker = Kafka(
        home=home,
        port=chosen["kafka"],
        controller_port=chosen["kafka_controller"],
        jar_folder=folder,
        archives=ClassArchives(folder=folder.parent / "classes", writer=home.key),
        env=dict(os.environ),
    )
    broker.prepare()
    with _running(broker):
        yield broker.bootstrap


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def _running(server: Postgres | Kafka) -> Iterator[None]:
    spawner, launch = children.Spawner(), server.launch()
    process = spawner.spawn(launch)
    try:
        server.wait_ready(still_runs=lambda: process.poll() is None)
        yield
    finally:
        children.stop(process, launch)
        spawner.close()


def _ports() -> dict[str, int]:
    return ports.choose({}, {})
