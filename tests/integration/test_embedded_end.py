"""The end of a stack: by kill -9 of its parent, by Ctrl-C in the middle of its start."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from pipeline import PIPELINE
from waiting import eventually

from deploy.embedded import status, warden
from deploy.embedded.flink_job import newest_checkpoint
from deploy.embedded.history import Told
from deploy.embedded.home import PROJECT, Home, temporary_home
from deploy.embedded.stack import Stack

PARTS = 6

# What `faregate up` does, with the pipeline only; it says when it is ready and then just lives.
PARENT = """
import os, signal, sys
from pathlib import Path
from deploy.embedded.home import Home
from deploy.embedded.stack import Stack
from pipeline import PIPELINE
stack = Stack(home=Home(root=Path(sys.argv[1])), env=os.environ, options=PIPELINE)
stack.start()
signal.pause()
"""


def parts(home: Home) -> dict[str, status.PartStatus]:
    found = status.read(home)
    return {part.name: part for part in found.parts} if found else {}


def marked(home: Home) -> set[int]:
    return {pid for pid in warden.marked(f"{home.key}-") if status.process_started(pid) is not None}


@pytest.mark.proof
def test_nothing_outlives_a_killed_parent_and_the_state_does() -> None:
    with temporary_home() as home:
        command = [sys.executable, "-c", PARENT, str(home.root)]
        env = {**os.environ, "PYTHONPATH": f"{PROJECT}:{Path(__file__).parent}"}
        first = subprocess.Popen(command, cwd=PROJECT, env=env)
        _wait_ready(home, first)
        children = marked(home)
        named = {part.pid for part in parts(home).values() if part.pid}
        assert len(named) == PARTS
        assert named - children == {parts(home)["postgres"].pid}  # leashed, not marked
        told, checkpoint = Told.read(home), newest_checkpoint(home.flink / "checkpoints")
        first.kill()
        first.wait()
        gone = children | named
        eventually(
            lambda: not any(map(status.process_started, gone)), within_s=15, what="the end of all children"
        )
        assert marked(home) == set()
        assert status.living(home) is None
        _starts_again_where_it_was(home, told, checkpoint)


def _wait_ready(home: Home, process: subprocess.Popen[bytes]) -> None:
    def ready() -> bool:
        assert process.poll() is None, "the parent ended while starting"
        found = status.living(home)
        return found is not None and found.pid == process.pid and found.state == "ready"

    eventually(ready, within_s=120, what="the pipeline")


def _starts_again_where_it_was(home: Home, told: Told | None, checkpoint: Path | None) -> None:
    assert told is not None
    assert told.done
    assert checkpoint is not None
    again = Stack(home=home, env=os.environ, options=PIPELINE)
    again.start()
    try:
        assert Told.read(home) == told
        assert "from checkpoint" in (home.logs / "flink-jobmanager.log").read_text()
    finally:
        again.stop()
    assert marked(home) == set()


def test_ctrl_c_in_the_middle_of_the_start_leaves_nothing() -> None:
    with temporary_home() as home:
        command = [sys.executable, "-m", "deploy.cli.main", "up"]
        env = {**os.environ, "FAREGATE_HOME": str(home.root)}
        up = subprocess.Popen(command, cwd=PROJECT, env=env, stderr=subprocess.PIPE)
        eventually(lambda: {"kafka", "postgres"} <= set(parts(home)), within_s=60, what="the first parts")
        up.send_signal(signal.SIGINT)
        _, said = up.communicate(timeout=60)
        assert up.returncode == 0, said.decode()
        assert marked(home) == set()
        found = status.read(home)
        assert found is not None
        assert found.state == "stopped"
