"""The feature pipeline as supervised processes, killed part by part."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest
from pipeline import PIPELINE
from waiting import eventually

from deploy.embedded import status
from deploy.embedded.home import PROJECT, Home, temporary_home
from deploy.embedded.stack import Stack

PARTS = {"kafka", "postgres", "flink-jobmanager", "flink-taskmanager", "relay", "writer", "rings"}


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    with temporary_home() as made:
        yield made


@pytest.fixture(scope="module")
def pipeline(home: Home) -> Iterator[Stack]:
    stack = Stack(home=home, env=os.environ, options=PIPELINE)
    stack.start()
    yield stack
    stack.stop()


def parts(home: Home) -> dict[str, status.PartStatus]:
    found = status.read(home)
    assert found is not None
    return {part.name: part for part in found.parts}


def pid_of(home: Home, name: str) -> int:
    pid = parts(home)[name].pid
    assert pid is not None
    return pid


def watermark(stack: Stack) -> int:
    """How often a watermark was written, as the row's version; 0 while the database is away."""
    query = "select version from online_store where view = 'pipeline_watermark'"
    try:
        with psycopg.connect(stack.addresses.conninfo["faregate_console"]) as connection:
            row = connection.execute(query).fetchone()
    except psycopg.OperationalError:
        return 0
    return int(row[0]) if row else 0


def flows_again(stack: Stack) -> None:
    before = eventually(lambda: watermark(stack), within_s=30, what="the database")
    eventually(lambda: watermark(stack) > before, within_s=90, what="a newer watermark")


@pytest.mark.parametrize("name", ["writer", "relay", "rings", "postgres", "kafka", "flink-taskmanager"])
def test_a_killed_part_comes_back_and_features_flow_again(pipeline: Stack, name: str) -> None:
    before = parts(pipeline.home)[name].restarts
    os.kill(pid_of(pipeline.home, name), signal.SIGKILL)

    def back() -> bool:
        part = parts(pipeline.home)[name]
        return part.restarts == before + 1 and part.state == "ready"

    eventually(back, within_s=60, what=f"{name} again")
    assert parts(pipeline.home)[name].last_end == "killed by SIGKILL"
    flows_again(pipeline)


@pytest.mark.proof
def test_a_killed_jobmanager_gets_its_job_back_from_the_newest_checkpoint(pipeline: Stack) -> None:
    before = parts(pipeline.home)["flink-job"].restarts
    os.kill(pid_of(pipeline.home, "flink-jobmanager"), signal.SIGKILL)
    eventually(
        lambda: parts(pipeline.home)["flink-job"].restarts == before + 1, within_s=60, what="a resubmission"
    )
    eventually(
        lambda: parts(pipeline.home)["flink-job"].state == "ready", within_s=90, what="the job, running"
    )
    log = (pipeline.home.logs / "flink-jobmanager.log").read_text()
    assert "Restoring SplitEnumerator" in log or "from checkpoint" in log
    flows_again(pipeline)


def test_a_second_supervisor_is_refused(pipeline: Stack) -> None:
    second = Stack(home=pipeline.home, env=os.environ, options=PIPELINE)
    with pytest.raises(Exception, match=r"already runs.*faregate down"):
        second.start()
    assert status.living(pipeline.home) is not None


def test_status_is_told_as_json(pipeline: Stack) -> None:
    command = [sys.executable, "-m", "deploy.cli.main", "status", "--json"]
    env = {**os.environ, "FAREGATE_HOME": str(pipeline.home.root)}
    done = subprocess.run(command, env=env, cwd=PROJECT, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    assert told["state"] == "ready"
    assert {part["name"] for part in told["parts"]} == PARTS | {"flink-job"}
    # The supervisor is this very process, and other tests' parts are its children too: only ours are ours.
    ours_mib = sum(part["pss_mib"] or 0 for part in told["parts"])
    assert 300 < ours_mib < 3072
    assert told["pss_mib"] > ours_mib


def test_tail_shows_decoded_messages(pipeline: Stack) -> None:
    options = ["payments.decisions.v1", "--from-beginning", "-n", "2"]
    command = [sys.executable, "-m", "deploy.cli.main", "tail", *options]
    env = {**os.environ, "FAREGATE_HOME": str(pipeline.home.root)}
    done = subprocess.run(
        command, env=env, cwd=PROJECT, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.count("payment.decided decision_id=dec_") == 2
