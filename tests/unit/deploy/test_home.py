"""Files of a home: whole or not there, secrets for their owner only."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.embedded import passwords, ports, status
from deploy.embedded.home import Home, read_json, temporary_home, write_json
from domain.errors import SettingMissing
from domain.model_key import LEAST_BYTES


def test_home_is_in_the_checkout_unless_named() -> None:
    assert Home.from_env({}).root.name == ".faregate"
    assert Home.from_env({"FAREGATE_HOME": "/x/y"}).root == Path("/x/y")


def test_two_homes_have_two_keys() -> None:
    assert Home(root=Path("/a")).key != Home(root=Path("/b")).key


def test_written_json_is_read_again_and_leaves_no_part(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"a": 1})
    assert read_json(tmp_path / "a.json") == {"a": 1}
    assert read_json(tmp_path / "none.json") == {}
    assert [file.name for file in tmp_path.iterdir()] == ["a.json"]


def test_temporary_home_can_be_passed_and_goes() -> None:
    with temporary_home() as home:
        assert stat.S_IMODE(home.root.stat().st_mode) == 0o711
    assert not home.root.exists()


def test_what_a_host_keeps_is_for_its_user_only(tmp_path: Path) -> None:
    home = Home(root=tmp_path / "home")
    home.make()
    home.make()
    assert stat.S_IMODE(home.host.stat().st_mode) == 0o700


def test_passwords_are_random_private_and_kept(tmp_path: Path) -> None:
    first = passwords.load(tmp_path / "secrets.json")
    assert set(first) == {
        passwords.SUPERUSER,
        *passwords.ROLES,
        passwords.API_KEY,
        passwords.MODEL_KEY,
        passwords.CONSOLE_PASSWORD,
    }
    assert len(set(first.values())) == len(first)
    assert passwords.load(tmp_path / "secrets.json") == first
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600


def test_models_are_sealed_with_the_key_of_the_environment_else_with_the_homes(tmp_path: Path) -> None:
    home = Home(root=tmp_path)
    with pytest.raises(SettingMissing, match="FAREGATE_MODEL_KEY"):
        passwords.model_key(home)
    assert not home.secrets.exists()
    passwords.load(home.secrets)
    assert len(passwords.model_key(home)) == LEAST_BYTES
    assert passwords.model_key(home) == passwords.model_key(home, {"PATH": "/bin"})
    assert passwords.model_key(home, {"FAREGATE_MODEL_KEY": "ab" * LEAST_BYTES}) == b"\xab" * LEAST_BYTES


def test_free_ports_of_last_time_are_kept_and_taken_ones_are_not() -> None:
    import socket

    first = ports.choose({}, {})
    assert len(set(first.values())) == len(ports.NAMES)
    with socket.socket() as other:
        other.bind((ports.LOOPBACK, first["api"]))
        other.listen()
        assert ports.answers(first["api"])
        second = ports.choose(first, {})
    assert second["api"] != first["api"]
    assert second["kafka"] == first["kafka"]


def own_status(**changed: object) -> status.StackStatus:
    import os

    started = status.process_started(os.getpid())
    assert started is not None
    fields = {
        "pid": os.getpid(),
        "pid_started": started,
        "state": "ready",
        "started_at": "2026-01-01T00:00:00+00:00",
        "instance": "i",
        "parts": (status.PartStatus(name="kafka", state="ready", pid=1),),
    }
    return status.StackStatus(**{**fields, **changed})  # type: ignore[arg-type]


def test_status_of_a_living_supervisor_is_read_again(tmp_path: Path) -> None:
    home = Home(root=tmp_path)
    assert status.living(home) is None
    status.write(home, own_status())
    assert status.living(home) == own_status()


def test_a_reused_pid_is_not_our_supervisor(tmp_path: Path) -> None:
    home = Home(root=tmp_path)
    status.write(home, own_status(pid_started=1))
    assert status.living(home) is None


def test_a_dead_process_has_no_start() -> None:
    gone = subprocess.Popen([sys.executable, "-S", "-c", ""])
    gone.wait()
    assert status.process_started(gone.pid) is None
