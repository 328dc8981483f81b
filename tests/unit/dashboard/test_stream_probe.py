import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
from confluent_kafka import KafkaException, TopicPartition

from dashboard.readings import StreamReading
from dashboard.stream_probe import StreamProbe, newest_state, open_probe
from domain.topics import DEAD_LETTER


def a_job(**given: Any) -> dict[str, Any]:
    return {"name": "faregate-histories", "state": "RUNNING", "start-time": 10, **given}


class FakeConsumer:
    def __init__(self, ends: tuple[int, int] | KafkaException) -> None:
        self._ends = ends

    def get_watermark_offsets(self, place: TopicPartition, timeout: float) -> tuple[int, int]:
        assert (place.topic, timeout <= 2) == (DEAD_LETTER.name, True)
        if isinstance(self._ends, KafkaException):
            raise self._ends
        return self._ends


class Overview(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps({"jobs": [a_job()]} if self.path == "/jobs/overview" else {}).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def flink_url() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Overview)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_nothing_is_asked_of_whom_nobody_named() -> None:
    assert open_probe(None, None).read() == StreamReading()


def test_both_answer(flink_url: str) -> None:
    reading = StreamProbe(flink_url=flink_url, consumer=FakeConsumer((3, 10))).read()
    assert (reading.job_state, reading.dead_letters) == ("RUNNING", 7)


def test_silence_is_not_a_state() -> None:
    away = KafkaException("nobody there")
    reading = StreamProbe(flink_url="http://127.0.0.1:1", consumer=FakeConsumer(away)).read()
    assert reading == StreamReading(asked_flink=True, asked_kafka=True)


def test_the_newest_of_our_jobs_counts() -> None:
    jobs = [
        a_job(state="FAILED"),
        a_job(**{"state": "RESTARTING", "start-time": 20}),
        a_job(**{"name": "another", "start-time": 30}),
    ]
    assert newest_state(jobs) == "RESTARTING"
    assert newest_state([]) == "NOT SUBMITTED"
