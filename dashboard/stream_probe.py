"""What Flink and Kafka say of themselves, when the environment says where they are."""

import json
import logging
import urllib.request
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Consumer, KafkaException, TopicPartition

from dashboard.readings import StreamReading
from domain.topics import DEAD_LETTER

JOB = "faregate-histories"
LIMIT_S = 1.0
log = logging.getLogger("faregate.dashboard")


@dataclass(frozen=True, kw_only=True)
class StreamProbe:
    flink_url: str | None
    consumer: Consumer | None

    def read(self) -> StreamReading:
        return StreamReading(
            asked_flink=self.flink_url is not None,
            job_state=self._job_state(),
            asked_kafka=self.consumer is not None,
            dead_letters=self._dead_letters(),
        )

    def _job_state(self) -> str | None:
        if self.flink_url is None:
            return None
        try:
            with urllib.request.urlopen(f"{self.flink_url}/jobs/overview", timeout=LIMIT_S) as reply:  # noqa: S310 - the operator's own address
                return newest_state(json.load(reply)["jobs"])
        except (OSError, ValueError, KeyError) as problem:
            log.warning("Flink at %s does not answer: %s", self.flink_url, problem)
            return None

    def _dead_letters(self) -> int | None:
        """Messages kept in the dead-letter topic, over all its partitions."""
        if self.consumer is None:
            return None
        try:
            ends = [
                self.consumer.get_watermark_offsets(TopicPartition(DEAD_LETTER.name, n), timeout=LIMIT_S)
                for n in range(DEAD_LETTER.partitions)
            ]
        except KafkaException as problem:
            log.warning("Kafka does not say how many dead letters there are: %s", problem)
            return None
        return sum(int(high - low) for low, high in ends)


def open_probe(flink_url: str | None, bootstrap: str | None) -> StreamProbe:
    return StreamProbe(flink_url=flink_url, consumer=_consumer(bootstrap) if bootstrap else None)


def newest_state(jobs: list[dict[str, Any]]) -> str:
    """The state of the job that was started last; Flink keeps the ended ones for a while."""
    ours = [job for job in jobs if job["name"] == JOB]
    if not ours:
        return "NOT SUBMITTED"
    return str(max(ours, key=lambda job: job["start-time"])["state"])


def _consumer(bootstrap: str) -> Consumer:
    return Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "faregate-dashboard",
            "enable.auto.commit": False,
            "socket.timeout.ms": 5_000,
            "log_level": 2,  # it says again and again that the broker is away; we say it once a look
        }
    )
