"""The job's way in and out of Kafka, as the two tables of connectors.sql."""

from pathlib import Path

from domain import topics
from domain.topics import Topic

_SQL = Path(__file__).with_name("connectors.sql").read_text()


def source_table(bootstrap: str) -> str:
    return _statement("source").format(bootstrap=bootstrap, source_topics=_names(topics.SOURCES))


def sink_table(bootstrap: str) -> str:
    return _statement("sink").format(
        bootstrap=bootstrap, sink_topics=_names((*topics.FEATURES, topics.DEAD_LETTER))
    )


def _statement(name: str) -> str:
    body = _SQL.split(f"-- name: {name}\n", 1)[1].split(";\n", 1)[0]
    return "\n".join(line for line in body.splitlines() if not line.startswith("--"))


def _names(wanted: tuple[Topic, ...]) -> str:
    return ";".join(topic.name for topic in wanted)
