"""`faregate bench features`, made small, on a database of its own."""

from argparse import ArgumentParser
from collections.abc import Iterator

import pytest
from feature_backends import Database, a_database, a_home

from deploy.bench import features
from deploy.bench.benchmark import Target
from deploy.embedded import passwords


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with a_home() as home, a_database(home) as database:
        yield database


@pytest.fixture
def target(database: Database, monkeypatch: pytest.MonkeyPatch) -> Target:
    home = database.postgres.home
    monkeypatch.setenv("FAREGATE_HOME", str(home.root))
    conninfo = {role: database.postgres.conninfo(role) for role in passwords.ROLES}
    return Target(home=home, pid=0, urls={}, conninfo=conninfo)


def test_both_stores_are_measured_and_nothing_is_left_behind(database: Database, target: Target) -> None:
    parser = ArgumentParser()
    features.options(parser)
    small = parser.parse_args(["--reads", "20", "--batches", "1", "--vectors", "50"])
    found = features.run(target, small, lambda _: None)
    assert list(found) == [
        "stock_read_p50_ms",
        "ours_read_p50_ms",
        "read_ratio",
        "stock_write_rows_s",
        "ours_write_rows_s",
        "write_ratio",
        "raw_key_read_p50_ms",
        "vector_p50_us",
    ]
    assert all(value > 0 for value in found.values())
    with database.connect("faregate_owner") as owner:
        left = owner.execute("select count(*) from pg_namespace where nspname = 'bench_features'").fetchone()
        rows = owner.execute("select count(*) from online_store").fetchone()
    assert (left, rows) == ((0,), (0,))
