"""The job's own graph, run bounded over files of raw records, leaves the histories that a plain fold leaves."""

import threading
import time
from pathlib import Path
from random import Random

import pytest
from small_city import City

from deploy.embedded.flink_trial import FlinkTrial, flink_trial
from deploy.embedded.home import temporary_home
from domain.feature_message import HistoryMessage, decode_message
from flink_jobs.filed_records import file_records, told_records

ACTIONS = 1_500
DEADLINE_S = 120


def a_city() -> City:
    """With late, repeated, refused, reordered and corrected events."""
    choices = Random(20)
    city = City()
    city.live([choices.getrandbits(32) | 1 for _ in range(ACTIONS)])
    return city


def run_to_the_end(trial: FlinkTrial, folder: Path) -> None:
    trial.submit("--bounded", str(folder))
    deadline = time.monotonic() + DEADLINE_S
    while (states := set(trial.flink.rest.jobs().values())) != {"FINISHED"}:
        assert states <= {"CREATED", "INITIALIZING", "RUNNING", "FINISHED"}, f"the run is {states}"
        assert time.monotonic() < deadline, f"the run is {states} after {DEADLINE_S} s"
        threading.Event().wait(0.25)


@pytest.mark.proof
@pytest.mark.parametrize("processes", [1, 2])
def test_a_bounded_run_rebuilds_the_same_histories(processes: int) -> None:
    city = a_city()
    partitions = city.topics.partitions
    parallel = {"parallelism.default": str(processes)}
    with temporary_home() as home, flink_trial(home, parallel) as trial:
        trial.start_flink(taskmanagers=processes)
        filed = file_records((record for records in partitions.values() for record in records), home.root)
        run_to_the_end(trial, home.root)
        told = list(told_records(home.root))

    newest: dict[tuple[str, str], HistoryMessage] = {}
    letters = 0
    for record in told:
        if not record.topic.startswith("features."):
            letters += 1
            continue
        message = decode_message(record.body)
        assert isinstance(message, HistoryMessage), "no heartbeat comes from files of a quiet city"
        entity = (message.kind, message.entity_id)
        if entity not in newest or message.version > newest[entity].version:
            newest[entity] = message

    assert filed > ACTIONS // 2
    assert {entity: message.payload for entity, message in newest.items()} == city.job.state()
    assert letters == city.job.counts["refused"]
    assert {kind for kind, _ in newest} == {"card", "user", "device", "zone", "profile"}
