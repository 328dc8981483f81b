"""The doctor names what is wrong and the command that mends it."""

import os
import socket
import subprocess
from pathlib import Path

import pytest
from waiting import eventually

from deploy.cli.doctor import examine
from deploy.embedded import diagnosis, ports
from deploy.embedded.diagnosis import Finding
from deploy.embedded.home import Home, write_json


def found(home: Home, what: str, **env: str) -> Finding:
    surroundings = {"HOME": str(Path.home()), **env}
    return next(finding for finding in diagnosis.examine(home, surroundings) if finding.what == what)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(root=tmp_path)


def test_missing_jars_are_wrong_and_installed_by_make(home: Home, tmp_path: Path) -> None:
    finding = found(home, "jars", XDG_CACHE_HOME=str(tmp_path / "empty"))
    assert (finding.severity, finding.mend) == ("wrong", "make install")
    assert "kafka" in finding.detail or "jar" in finding.detail


def test_a_port_of_last_time_that_is_taken(home: Home) -> None:
    with socket.socket() as other:
        other.bind((ports.LOOPBACK, 0))
        write_json(home.addresses, {"ports": {"api": other.getsockname()[1]}})
        finding = found(home, "ports")
    assert finding.severity == "warning"
    assert "api " in finding.detail


def test_a_socket_path_that_is_too_long(tmp_path: Path) -> None:
    finding = found(Home(root=tmp_path / ("x" * 120)), "socket path")
    assert finding.severity == "warning"
    assert "FAREGATE_HOME" in finding.mend


def test_processes_of_a_dead_supervisor(home: Home) -> None:
    left = subprocess.Popen(["/bin/sleep", "600"], env={"FAREGATE_INSTANCE": f"{home.key}-dead"})
    try:
        eventually(lambda: found(home, "leftovers").severity == "wrong", within_s=5)
        finding = found(home, "leftovers")
        assert str(left.pid) in finding.detail
        assert finding.mend == "faregate down"
    finally:
        left.kill()
        left.wait()


def test_too_little_disk(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnosis, "NEEDED_DISK_GIB", 10**9)
    assert found(home, "disk").severity == "wrong"


def test_no_compiler_is_a_warning_only(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diagnosis.shutil, "which", lambda _: None)
    assert found(home, "gcc").severity == "warning"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another user for PostgreSQL")
def test_root_needs_the_unprivileged_user(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(home, "PostgreSQL's user").severity == "ok"
    monkeypatch.setattr("deploy.embedded.postgres.UNPRIVILEGED", "no-such-user")
    assert found(home, "PostgreSQL's user").severity == "wrong"


def test_exit_code_and_words(home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert examine(home, {"XDG_CACHE_HOME": str(tmp_path / "empty")}) == 1
    assert "mend it: make install" in capsys.readouterr().out
