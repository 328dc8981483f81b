"""The keeper as a process: it seals, outlives its connections, and leaves the work to one at a time."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from sealed_ledger import ADD_DECISION
from waiting import eventually

from app.keeper.heads import HeadsFile
from app.keeper.keeper import Keeper
from app.keeper.ledger_rows import connect
from app.keeper.sealer import Sealer
from deploy.cli.audit_verify import report

Conninfo = Callable[[str], str]


@pytest.fixture
def owner(conninfo: Conninfo) -> Iterator[psycopg.Connection]:
    with psycopg.connect(conninfo("faregate_owner"), autocommit=True) as connection:
        yield connection


@pytest.fixture
def heads(tmp_path: Path) -> HeadsFile:
    return HeadsFile(tmp_path / "host" / "heads.jsonl")


@pytest.fixture
def process(conninfo: Conninfo, heads: HeadsFile) -> Iterator[subprocess.Popen[str]]:
    told = conninfo_to_dict(conninfo("faregate_keeper"))
    names = {
        "PGHOST": "host",
        "PGPORT": "port",
        "PGDATABASE": "dbname",
        "PGUSER": "user",
        "PGPASSWORD": "password",
    }
    env = {**os.environ, **{variable: str(told[name]) for variable, name in names.items()}}
    env["FAREGATE_STATE_DIR"] = str(heads.path.parent)
    words = [sys.executable, "-m", "app.keeper"]
    running = subprocess.Popen(words, env=env, stderr=subprocess.PIPE, text=True)
    yield running
    running.terminate()
    _, told_on_stderr = running.communicate(timeout=10)
    assert running.returncode == 0
    assert "Traceback" not in told_on_stderr


def sealed(owner: psycopg.Connection) -> int:
    row = owner.execute("select coalesce(sum(rows), 0) from seals").fetchone()
    assert row is not None
    return int(row[0])


def test_it_seals_what_comes_and_survives_the_end_of_its_connection(
    process: subprocess.Popen[str], owner: psycopg.Connection, heads: HeadsFile, conninfo: Conninfo
) -> None:
    owner.execute(ADD_DECISION, [["a", "b"]])
    eventually(lambda: sealed(owner) == 2, within_s=10)
    assert process.poll() is None
    assert _end_keepers(conninfo) == 1
    owner.execute(ADD_DECISION, [["c"]])
    eventually(lambda: sealed(owner) == 3, within_s=15)
    assert len(heads.after(0)) == 2


def _end_keepers(conninfo: Conninfo) -> int:
    with psycopg.connect(conninfo("faregate_keeper"), autocommit=True) as connection:
        row = connection.execute(
            "select count(pg_terminate_backend(pid)) from pg_stat_activity "
            "where application_name = 'faregate keeper'"
        ).fetchone()
    assert row is not None
    return int(row[0])


def test_one_keeper_seals_and_another_takes_over(
    owner: psycopg.Connection, conninfo: Conninfo, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = HeadsFile(tmp_path / "heads.jsonl")
    role = conninfo("faregate_keeper")
    with connect("first", role) as one, connect("second", role) as two:
        first, second = (Keeper(each, Sealer(each, file, lambda: 1)) for each in (one, two))
        with caplog.at_level("INFO"):
            owner.execute(ADD_DECISION, [["a"]])
            first.turn()
            owner.execute(ADD_DECISION, [["b"]])
            second.turn()
            second.turn()
        assert sealed(owner) == 1
        assert caplog.text.count("stands by") == 1
        one.close()
        eventually(lambda: (second.turn(), sealed(owner) == 2)[1], within_s=5)


def test_it_says_what_it_did(
    owner: psycopg.Connection, conninfo: Conninfo, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    owner.execute(ADD_DECISION, [["a"]])
    clock = iter(range(0, 10_000, 100))
    with connect("keeper", conninfo("faregate_keeper")) as connection, caplog.at_level("INFO"):
        sealer = Sealer(connection, HeadsFile(tmp_path / "heads.jsonl"), lambda: 1)
        Keeper(connection, sealer, lambda: float(next(clock))).turn()
    assert "up to seal 1: rows sealed 1" in caplog.text


def test_a_set_back_ledger_is_told_once_and_the_rest_goes_on(
    owner: psycopg.Connection, conninfo: Conninfo, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    owner.execute(ADD_DECISION, [["a"]])
    with connect("keeper", conninfo("faregate_keeper")) as connection:
        file = HeadsFile(tmp_path / "heads.jsonl")
        Sealer(connection, file, lambda: 1).turn()
        owner.execute("update seals set to_xact = '99999999999999'")
        keeper = Keeper(connection, Sealer(connection, file, lambda: 1))
        keeper.turn()
        keeper.turn()
    assert caplog.text.count("restored from a dump") == 1


def test_verify_reports_for_people_and_programs(
    owner: psycopg.Connection, conninfo: Conninfo, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = HeadsFile(tmp_path / "heads.jsonl")
    owner.execute(ADD_DECISION, [["a"]])
    with connect("keeper", conninfo("faregate_keeper")) as connection:
        Sealer(connection, file, lambda: 1).turn()
    assert report(conninfo("faregate_console"), file) == 0
    told = capsys.readouterr()
    assert "OK: 1 rows in 1 seals" in told.err
    last = json.loads(told.out.splitlines()[-1])
    assert (last["ok"], last["number"], last["findings"]) == (True, 1, [])

    owner.execute("update decisions set verdict = 'decline'")
    assert report(conninfo("faregate_console"), file) == 1
    told = capsys.readouterr()
    assert "row-altered: decisions/dec_a is not what seal 1 sealed" in told.err
    last = json.loads(told.out.splitlines()[-1])
    assert (last["ok"], last["found"]) == (False, {"row-altered": 1})
