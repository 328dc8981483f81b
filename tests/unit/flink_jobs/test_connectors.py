from pathlib import Path

import pytest

from domain.topics import DEAD_LETTER, HISTORIES, SOURCES
from flink_jobs import connectors
from flink_jobs.connectors import Connectors

KAFKA = connectors.kafka("broker:9092")
FILES = connectors.files(Path("/past"))


def test_the_source_reads_every_source_topic_and_no_other() -> None:
    assert "'topic' = '" + ";".join(topic.name for topic in SOURCES) + "'" in KAFKA.source
    assert "'properties.bootstrap.servers' = 'broker:9092'" in KAFKA.source


def test_the_sink_writes_features_and_dead_letters() -> None:
    assert "'topic' = '" + ";".join(topic.name for topic in (*HISTORIES, DEAD_LETTER)) + "'" in KAFKA.sink
    assert "'properties.bootstrap.servers' = 'broker:9092'" in KAFKA.sink


def test_a_job_without_state_reads_from_the_beginning() -> None:
    """A history that began where a lost job stopped would lack all before, and be told as newer."""
    assert "'scan.startup.mode' = 'earliest-offset'" in KAFKA.source


def test_a_bounded_run_reads_one_folder_and_writes_another() -> None:
    assert "'path' = 'file:///past/in'" in FILES.source
    assert "'path' = 'file:///past/out'" in FILES.sink
    assert (KAFKA.bounded, FILES.bounded) == (False, True)


@pytest.mark.parametrize("ways", [KAFKA, FILES])
def test_nothing_is_left_to_fill_in(ways: Connectors) -> None:
    for statement in (ways.source, ways.records, ways.sink, ways.send):
        assert "{" not in statement
        assert "--" not in statement
    assert ways.source.startswith("CREATE TABLE")
    assert ways.sink.startswith("CREATE TABLE sink_records")


@pytest.mark.parametrize("ways", [KAFKA, FILES])
def test_records_come_in_the_order_that_the_first_step_expects(ways: Connectors) -> None:
    columns = ways.records.replace("`", "").replace(" ", "").replace("\n", "")
    assert columns.startswith("SELECTbody,topic,partition,offset,")
    assert "record_time_ms" in columns
