"""The job's own graph, run bounded over files of raw records, leaves what a plain fold of them leaves."""

import threading
import time
from pathlib import Path
from random import Random

import pytest
from small_city import City

from deploy.embedded.flink_trial import FlinkTrial, flink_trial
from deploy.embedded.home import temporary_home
from domain.feature_message import HistoryMessage, decode_message
from domain.history import decode_history
from domain.raw_record import RawRecord
from flink_jobs.as_known import step_of
from flink_jobs.filed_records import file_records, told_records
from flink_jobs.folding import fold_payload
from flink_jobs.routing import targets

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


def plainly_folded(records: list[RawRecord]) -> dict[tuple[str, str], bytes]:
    """In the order of record times, which is none that the files come in."""
    state: dict[tuple[str, str], bytes] = {}
    for record in sorted(records, key=lambda record: (record.record_time_ms, record.offset)):
        step = step_of(record)
        for entity in targets(step.event) if step else []:
            place = (step.source, step.offset)
            folded = fold_payload(entity[0], state.get(entity), step.event, step.known_at_ms, place)
            state[entity] = folded.payload if folded else state[entity]
    return state


def saturated(payloads: dict[tuple[str, str], bytes]) -> set[tuple[str, str]]:
    """Whose ids were more than a history keeps: only there may the order show."""
    return {
        (kind, entity)
        for (kind, entity), payload in payloads.items()
        if kind != "profile" and decode_history(payload).saturated
    }


@pytest.mark.proof
@pytest.mark.parametrize("processes", [1, 2])
def test_a_bounded_run_rebuilds_the_same_histories(processes: int) -> None:
    city = a_city()
    records = [record for partition in city.topics.partitions.values() for record in partition]
    parallel = {"parallelism.default": str(processes)}
    with temporary_home() as home, flink_trial(home, parallel) as trial:
        trial.start_flink(taskmanagers=processes)
        filed = file_records(records, home.root)
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
    rebuilt = {entity: message.payload for entity, message in newest.items()}
    wanted = plainly_folded(records)
    assert set(rebuilt) == set(wanted)
    differing = {entity for entity in wanted if rebuilt[entity] != wanted[entity]}
    assert differing <= saturated(rebuilt) | saturated(wanted)
    assert len(differing) < len(wanted) // 500
    assert letters == city.job.dead_letters
    assert {kind for kind, _ in newest} == {"card", "user", "device", "zone", "profile"}
