"""What carries an instance's mark is found and ended, and nothing else is."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from waiting import eventually

from deploy.embedded import warden
from deploy.embedded.stack import start_warden


def sleeper(**env: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(["/bin/sleep", "600"], env=env)


@pytest.fixture
def marked() -> Iterator[subprocess.Popen[bytes]]:
    process = sleeper(FAREGATE_INSTANCE="unittest-1")
    yield process
    process.kill()
    process.wait()


@pytest.fixture
def unmarked() -> Iterator[subprocess.Popen[bytes]]:
    process = sleeper(FAREGATE_INSTANCE="another-1")
    yield process
    process.kill()
    process.wait()


def test_only_the_marked_are_ended(
    marked: subprocess.Popen[bytes], unmarked: subprocess.Popen[bytes]
) -> None:
    eventually(lambda: marked.pid in list(warden.marked("unittest-")), within_s=5)
    assert warden.end_marked("unittest-") == [marked.pid]
    assert marked.wait(5) == -9
    assert unmarked.poll() is None


def test_the_warden_acts_when_its_holder_is_gone(marked: subprocess.Popen[bytes]) -> None:
    eventually(lambda: marked.pid in list(warden.marked("unittest-1")), within_s=5)
    guard = start_warden("unittest-1")
    assert guard.stdin is not None
    guard.stdin.close()
    assert marked.wait(10) == -9
    assert guard.wait(10) == 0


def test_the_warden_needs_the_standard_library_only() -> None:
    alone = [sys.executable, "-I", "-S", str(Path(warden.__file__)), "nobody-has-this"]
    done = subprocess.run(alone, stdin=subprocess.DEVNULL, check=False)
    assert done.returncode == 0


def test_we_ourselves_are_never_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warden, "_carries", lambda *_: True)
    assert os.getpid() not in list(warden.marked("x"))
