"""What Kafka and Flink say of themselves, in one look of at most two seconds."""

import json
import logging
import time
import urllib.request
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from dashboard.stream_probe import JOB
from dashboard.views.pipeline.readings import Checkpoint, FlinkLook, KafkaLook, StreamLook
from domain.topics import ALL, DEAD_LETTER, FEATURES, SOURCES, Topic

LIMIT_S = 1.5  # for Kafka; Flink is asked twice
FLINK_LIMIT_S = 0.9
GROUPS: dict[str, tuple[Topic, ...]] = {"faregate-histories": SOURCES, "faregate-writer": FEATURES}
Places = dict[tuple[str, int], int]
log = logging.getLogger("faregate.dashboard")


@dataclass(frozen=True, kw_only=True)
class StreamLooks:
    """Each look asks with a client of its own, which leaves nothing behind."""

    bootstrap: str | None
    flink_url: str | None

    def look(self) -> StreamLook:
        """Kafka and Flink at the same time, so that one that is away does not hold up the other."""
        with ThreadPoolExecutor(2) as both:
            kafka, flink = both.submit(self._kafka), both.submit(self._flink)
            return StreamLook(
                kafka=kafka.result(),
                flink=flink.result(),
                asked_kafka=self.bootstrap is not None,
                asked_flink=self.flink_url is not None,
            )

    def _kafka(self) -> KafkaLook | None:
        if self.bootstrap is None:
            return None
        admin = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 2})
        try:
            return _look(admin, time.monotonic() + LIMIT_S)
        except (KafkaException, TimeoutError) as problem:
            log.warning("Kafka does not say how far it is: %s", problem)
            return None

    def _flink(self) -> FlinkLook | None:
        if self.flink_url is None:
            return None
        try:
            jobs = [job for job in self._get("/jobs/overview")["jobs"] if job["name"] == JOB]
            if not jobs:
                return FlinkLook(state="NOT SUBMITTED")
            job = max(jobs, key=lambda job: job["start-time"])
            return flink_look(str(job["state"]), self._get(f"/jobs/{job['jid']}/checkpoints"))
        except (OSError, ValueError, KeyError) as problem:
            log.warning("Flink at %s does not answer: %s", self.flink_url, problem)
            return None

    def _get(self, path: str) -> Any:
        with urllib.request.urlopen(f"{self.flink_url}{path}", timeout=FLINK_LIMIT_S) as reply:  # noqa: S310 - the operator's own address
            return json.load(reply)


def flink_look(state: str, checkpoints: Any) -> FlinkLook:
    newest = (checkpoints.get("latest") or {}).get("completed")
    return FlinkLook(
        state=state,
        newest=Checkpoint(
            at_ms=newest["trigger_timestamp"] + newest["end_to_end_duration"],
            took_ms=newest["end_to_end_duration"],
            size=newest["state_size"],
        )
        if newest
        else None,
        failed=checkpoints["counts"]["failed"],
        completed=checkpoints["counts"]["completed"],
    )


def _look(admin: AdminClient, until: float) -> KafkaLook:
    """All is asked at once, and answered by `until` or not at all."""
    ends = _ask_offsets(admin, [place for topic in ALL for place in _places(topic)], OffsetSpec.latest())
    starts = _ask_offsets(admin, _places(DEAD_LETTER), OffsetSpec.earliest())
    groups = {group: _ask_committed(admin, group) for group in GROUPS}
    told = {place: future.result(_left(until)).offset for place, future in ends.items()}
    return KafkaLook(
        at_s=time.monotonic(),
        ends=told,
        dead_letters=sum(
            told[place] - future.result(_left(until)).offset for place, future in starts.items()
        ),
        committed={group: _committed(future.result(_left(until))) for group, future in groups.items()},
    )


def _places(topic: Topic) -> list[tuple[str, int]]:
    return [(topic.name, number) for number in range(topic.partitions)]


def _ask_offsets(
    admin: AdminClient, places: list[tuple[str, int]], spec: OffsetSpec
) -> dict[tuple[str, int], Future[Any]]:
    asked = {TopicPartition(topic, number): spec for topic, number in places}
    told = admin.list_offsets(asked, request_timeout=LIMIT_S)
    return {(place.topic, place.partition): future for place, future in told.items()}


def _ask_committed(admin: AdminClient, group: str) -> Future[Any]:
    asked = [ConsumerGroupTopicPartitions(group)]
    future: Future[Any] = admin.list_consumer_group_offsets(asked, request_timeout=LIMIT_S)[group]
    return future


def _committed(group: Any) -> Places:
    """Places that the group has said nothing of yet are left out."""
    return {
        (place.topic, place.partition): place.offset for place in group.topic_partitions if place.offset >= 0
    }


def _left(until: float) -> float:
    return max(0.0, until - time.monotonic())
