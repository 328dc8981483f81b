"""The stack as supervised processes, killed part by part."""

import json
import os
import signal
import subprocess
import sys

import pytest
from freshness import wait_fresh
from waiting import eventually

from deploy.embedded import status
from deploy.embedded.home import PROJECT, Home
from deploy.embedded.stack import Stack

FLINK = {"flink-jobmanager", "flink-taskmanager", "flink-job"}
PARTS = FLINK | {"kafka", "postgres", "relay", "writer", "rings", "keeper", "api", "parity"}


def parts(home: Home) -> dict[str, status.PartStatus]:
    found = status.read(home)
    assert found is not None
    return {part.name: part for part in found.parts}


def pid_of(home: Home, name: str) -> int:
    pid = parts(home)[name].pid
    assert pid is not None
    return pid


@pytest.mark.parametrize("name", ["writer", "relay", "rings", "postgres", "kafka", "flink-taskmanager"])
def test_a_killed_part_comes_back_and_features_flow_again(stack: Stack, name: str) -> None:
    before = parts(stack.home)[name].restarts
    os.kill(pid_of(stack.home, name), signal.SIGKILL)

    def back() -> bool:
        part = parts(stack.home)[name]
        return part.restarts == before + 1 and part.state == "ready"

    eventually(back, within_s=60, what=f"{name} again")
    assert parts(stack.home)[name].last_end == "killed by SIGKILL"
    wait_fresh(stack)


@pytest.mark.proof
def test_a_killed_jobmanager_gets_its_job_back_from_the_newest_checkpoint(stack: Stack) -> None:
    before = parts(stack.home)["flink-job"].restarts
    os.kill(pid_of(stack.home, "flink-jobmanager"), signal.SIGKILL)
    eventually(
        lambda: parts(stack.home)["flink-job"].restarts == before + 1, within_s=60, what="a resubmission"
    )
    eventually(lambda: parts(stack.home)["flink-job"].state == "ready", within_s=90, what="the job, running")
    log = (stack.home.logs / "flink-jobmanager.log").read_text()
    assert "Restoring SplitEnumerator" in log or "from checkpoint" in log
    wait_fresh(stack)


def test_a_second_supervisor_is_refused(stack: Stack) -> None:
    second = Stack(home=stack.home, env=os.environ)
    with pytest.raises(Exception, match=r"already runs.*faregate down"):
        second.start()
    assert status.living(stack.home) is not None


def test_status_is_told_as_json(stack: Stack) -> None:
    command = [sys.executable, "-m", "deploy.cli.main", "status", "--json"]
    env = {**os.environ, "FAREGATE_HOME": str(stack.home.root)}
    done = subprocess.run(command, env=env, cwd=PROJECT, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    assert told["state"] == "ready"
    assert {part["name"] for part in told["parts"]} == PARTS
    # The supervisor is this very process, and other tests' parts are its children too: only ours are ours.
    ours_mib = sum(part["pss_mib"] or 0 for part in told["parts"])
    assert 300 < ours_mib < 3072
    assert told["pss_mib"] > ours_mib


def test_tail_shows_decoded_messages(stack: Stack) -> None:
    options = ["payments.decisions.v1", "--from-beginning", "-n", "2"]
    command = [sys.executable, "-m", "deploy.cli.main", "tail", *options]
    env = {**os.environ, "FAREGATE_HOME": str(stack.home.root)}
    done = subprocess.run(
        command, env=env, cwd=PROJECT, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.count("payment.decided decision_id=dec_") == 2
