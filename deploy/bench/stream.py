"""The histories job draining a backlog, beside a plain consumer with the same fold over the same topics."""

import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from deploy.bench.benchmark import Result, Tell
from deploy.bench.city import backlog
from deploy.bench.job import plain_fold
from deploy.bench.job.drained import bytes_told, listening
from deploy.embedded.errors import StackError
from deploy.embedded.flink_trial import FlinkTrial, flink_trial
from deploy.embedded.home import temporary_home

SUMMARY = "events a second that the job drains, against a plain consumer with the same fold"
MIB = 1024 * 1024
METRICS_PATIENCE_S = 30
QUICK_METRICS = {"metrics.fetcher.update-interval": "500"}
ON_DISK = {
    "state.backend.type": "rocksdb",
    "execution.checkpointing.incremental": "true",
    "taskmanager.memory.process.size": "1600m",
    "taskmanager.memory.managed.size": "384m",
}
FURTHER_PAYMENTS = 60_000
COUNTERS = ("events_folded", "subtasks_in_java")


def options(parser: ArgumentParser) -> None:
    parser.add_argument("--events", type=int, default=300_000, help="how many wait (300,000)")
    parser.add_argument("--taskmanagers", type=int, default=1, help="processes with a slot each (1)")
    parser.add_argument("--keys", type=int, default=0, help="run again with so many histories in RocksDB")


def run_alone(chosen: Namespace, tell: Tell) -> Result:
    processes = chosen.taskmanagers
    with started(processes, QUICK_METRICS) as trial:
        result = drain_city(trial, chosen.events, processes, tell)
    if chosen.keys:
        with started(processes, QUICK_METRICS | ON_DISK) as trial:
            result["rocksdb"] = drain_many_keys(trial, chosen.keys, processes, tell)
    return result


@contextmanager
def started(processes: int, settings: Mapping[str, str]) -> Iterator[FlinkTrial]:
    """Kafka alone; the job starts when its backlog waits."""
    parallel = {"parallelism.default": str(processes)}
    with temporary_home() as home, flink_trial(home, {**settings, **parallel}) as trial:
        trial.start_kafka()
        yield trial


def drain_city(trial: FlinkTrial, events: int, processes: int, tell: Tell) -> Result:
    bootstrap, end_ms = trial.kafka.bootstrap, now_ms()
    waiting = backlog.tell_all(bootstrap, backlog.city_mix(events, end_ms))
    backlog.mark_the_end(bootstrap, end_ms)
    tell(f"{waiting:,} events wait; a plain consumer folds them first")
    plain, before_s = plain_fold.drain(bootstrap)
    tell(f"plain: {waiting / before_s:,.0f} events/s; now the job")
    start_job(trial, processes)
    with listening(bootstrap) as listener:
        last_ms = listener.wait(end_ms, processes)
        seconds = (last_ms - listener.first_told_ms()) / 1_000
    counted = counters(trial)
    trial.stop_flink()
    tell(f"the job: {waiting / seconds:,.0f} events/s; the plain consumer once more")
    _, after_s = plain_fold.drain(bootstrap)
    plain_s = (before_s + after_s) / 2  # others may use the machine: a ratio needs both sides of the time
    return {
        "flink_eps": round(waiting / seconds),
        "plain_eps": round(waiting / plain_s),
        "ratio": round(plain_s / seconds, 3),
        "folds_per_s": round(counted["events_folded"] / seconds),
        "fold_us": plain.fold_us_p50(),
        "state_bytes_p99": plain.state_bytes_p99(),
        "bytes_out_per_event": round(bytes_told(trial.home.kafka / "data") / waiting),
        "mode": mode(counted, processes),
        "events": waiting,
        "taskmanagers": processes,
    }


def drain_many_keys(trial: FlinkTrial, keys: int, processes: int, tell: Tell) -> Result:
    """The second part of the backlog goes over all keys again and is measured by itself."""
    bootstrap, end_ms = trial.kafka.bootstrap, now_ms()
    later_ms = end_ms + 1_000
    first = backlog.tell_all(bootstrap, backlog.one_payment_each(keys, end_ms))
    backlog.mark_the_end(bootstrap, end_ms)
    more = backlog.tell_all(bootstrap, backlog.payments_of_many(FURTHER_PAYMENTS, keys, later_ms))
    backlog.mark_the_end(bootstrap, later_ms)
    tell(f"{first:,} payments wait that make {keys:,} histories in RocksDB, and {more:,} more of the same")
    start_job(trial, processes)
    with listening(bootstrap) as listener:
        made_ms = listener.wait(end_ms, processes)
        done_ms = listener.wait(later_ms, processes)
        began_ms = listener.first_told_ms()
    return {
        "keys": keys,
        "making_eps": round(first / (made_ms - began_ms) * 1_000),
        "eps": round(more / (done_ms - made_ms) * 1_000),
        "state_mib": round(trial.flink.rest.checkpointed_bytes(job_id(trial)) / MIB, 1),
        "mode": mode(counters(trial), processes),
    }


def start_job(trial: FlinkTrial, processes: int) -> None:
    trial.start_flink(taskmanagers=processes)
    trial.submit()


def job_id(trial: FlinkTrial) -> str:
    job = trial.job.alive()
    if job is None:
        raise StackError("The job ended while it was measured; see its logs.")
    return job


def counters(trial: FlinkTrial) -> dict[str, int]:
    """Asked again until Flink has read them from its processes, which it does when somebody asks."""
    rest, job = trial.flink.rest, job_id(trial)
    deadline = time.monotonic() + METRICS_PATIENCE_S
    while not (found := rest.counters(job, COUNTERS))["events_folded"]:
        if time.monotonic() > deadline:
            raise StackError(f"Flink does not show our counters: {found}")
        time.sleep(0.5)
    return found


def mode(counted: Mapping[str, int], processes: int) -> str:
    """As the running job says it: each subtask counts itself when it finds itself inside Java."""
    return "thread" if counted["subtasks_in_java"] == processes else "process"


def now_ms() -> int:
    return time.time_ns() // 1_000_000
