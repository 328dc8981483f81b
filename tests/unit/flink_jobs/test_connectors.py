from domain.topics import DEAD_LETTER, FEATURES, SOURCES
from flink_jobs.connectors import sink_table, source_table


def test_the_source_reads_every_source_topic_and_no_other() -> None:
    statement = source_table("broker:9092")
    assert "'topic' = '" + ";".join(topic.name for topic in SOURCES) + "'" in statement
    assert "'properties.bootstrap.servers' = 'broker:9092'" in statement
    assert statement.startswith("CREATE TABLE source_records")


def test_the_sink_writes_features_and_dead_letters() -> None:
    statement = sink_table("broker:9092")
    assert "'topic' = '" + ";".join(topic.name for topic in (*FEATURES, DEAD_LETTER)) + "'" in statement
    assert statement.startswith("CREATE TABLE sink_records")


def test_nothing_is_left_to_fill_in() -> None:
    for statement in (source_table("broker:9092"), sink_table("broker:9092")):
        assert "{" not in statement
        assert "--" not in statement
        assert statement.rstrip().endswith(")")
