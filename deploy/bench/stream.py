"""The histories job draining a backlog, beside a plain consumer that runs the same fold on the same topics."""

import time
from argparse import ArgumentParser, Namespace
from dataclasses import dataclass

from deploy.bench import backlog, plain_fold
from deploy.bench.benchmark import Result, Tell
from deploy.bench.drained import Drained, Listener, bytes_told
from deploy.embedded.flink_trial import FlinkTrial, flink_trial
from deploy.embedded.home import temporary_home

SUMMARY = "events a second that the job drains, against a plain consumer with the same fold"
MIB = 1024 * 1024
QUICK_METRICS = {"metrics.fetcher.update-interval": "500"}
ON_DISK = {
    "state.backend.type": "rocksdb",
    "execution.checkpointing.incremental": "true",
    "taskmanager.memory.process.size": "1600m",
    "taskmanager.memory.managed.size": "384m",
}
FURTHER_PAYMENTS = 60_000


def options(parser: ArgumentParser) -> None:
    parser.add_argument("--events", type=int, default=300_000, help="how many wait (300,000)")
    parser.add_argument("--taskmanagers", type=int, default=1, help="processes with a slot each (1)")
    parser.add_argument("--keys", type=int, default=0, help="run again with so many histories in RocksDB")


def run_alone(chosen: Namespace, tell: Tell) -> Result:
    result = Drain(chosen.taskmanagers, tell).of_the_city(chosen.events)
    if chosen.keys:
        result["rocksdb"] = Drain(chosen.taskmanagers, tell, ON_DISK).of_many_keys(chosen.keys)
    return result


@dataclass(kw_only=False)
class Drain:
    taskmanagers: int
    tell: Tell
    settings: dict[str, str] | None = None

    def of_the_city(self, events: int) -> Result:
        with temporary_home() as home, flink_trial(home, self._settings()) as trial:
            trial.start_kafka()
            bootstrap, end_ms = trial.kafka.bootstrap, _now_ms()
            told = backlog.tell_all(bootstrap, backlog.city_mix(events, end_ms))
            backlog.mark_the_end(bootstrap, end_ms)
            self.tell(f"{told:,} events wait; a plain consumer folds them first")
            plain, plain_s = plain_fold.drain(bootstrap)
            self.tell(f"plain: {told / plain_s:,.0f} events/s; now the job")
            self._start(trial)
            drained = self._drained(trial, end_ms)
            counted = self._counted(trial)
            flink_eps, plain_eps = told / drained.seconds, told / plain_s
            return {
                "flink_eps": round(flink_eps),
                "plain_eps": round(plain_eps),
                "ratio": round(flink_eps / plain_eps, 3),
                "folds_per_s": round(counted["events_folded"] / drained.seconds),
                "fold_us": plain.fold_us_p50(),
                "state_bytes_p99": plain.state_bytes_p99(),
                "bytes_out_per_event": round(bytes_told(home.kafka / "data") / told),
                "told_per_event": round(drained.told / told, 2),
                "mode": self._mode(counted),
                "events": told,
                "taskmanagers": self.taskmanagers,
            }

    def of_many_keys(self, keys: int) -> Result:
        with temporary_home() as home, flink_trial(home, self._settings()) as trial:
            trial.start_kafka()
            bootstrap, end_ms = trial.kafka.bootstrap, _now_ms()
            told = backlog.tell_all(bootstrap, backlog.one_payment_each(keys, end_ms))
            backlog.mark_the_end(bootstrap, end_ms)
            self.tell(f"{told:,} payments wait, which make {keys:,} histories in RocksDB")
            self._start(trial)
            loaded = self._drained(trial, end_ms)
            self.tell(f"made at {told / loaded.seconds:,.0f} payments/s; now {FURTHER_PAYMENTS:,} more")
            later_ms = end_ms + 60_000
            further = backlog.payments_of_many(FURTHER_PAYMENTS, keys, later_ms)
            more = self._further(trial, bootstrap, later_ms, backlog.tell_all, further)
            return {
                "keys": keys,
                "load_eps": round(told / loaded.seconds),
                "eps": round(FURTHER_PAYMENTS / more.seconds),
                "state_mib": round(trial.flink.rest.checkpoint_bytes(self._job(trial)) / MIB, 1),
                "mode": self._mode(self._counted(trial)),
            }
