"""The job's ways in and out, as the tables of connectors.sql: Kafka, or files for a bounded run."""

from dataclasses import dataclass
from pathlib import Path

from domain import topics
from domain.topics import Topic

_SQL = Path(__file__).with_name("connectors.sql").read_text()


@dataclass(frozen=True, kw_only=True)
class Connectors:
    """SQL: tables to create, what to read from the source, and how the view `outgoing` is sent."""

    source: str
    records: str
    sink: str
    send: str
    bounded: bool


def kafka(bootstrap: str) -> Connectors:
    return Connectors(
        source=statement("live source").format(bootstrap=bootstrap, source_topics=_names(topics.SOURCES)),
        records=statement("live records"),
        sink=statement("live sink").format(
            bootstrap=bootstrap, sink_topics=_names((*topics.HISTORIES, topics.DEAD_LETTER))
        ),
        send=statement("send"),
        bounded=False,
    )


def files(folder: Path) -> Connectors:
    """Reads `folder`/in, one file a partition in the order of offsets, and writes `folder`/out."""
    return Connectors(
        source=statement("bounded source").format(folder=(folder / "in").absolute().as_uri()),
        records=statement("bounded records"),
        sink=statement("bounded sink").format(folder=(folder / "out").absolute().as_uri()),
        send=statement("send"),
        bounded=True,
    )


def statement(name: str) -> str:
    body = _SQL.split(f"-- name: {name}\n", 1)[1].split(";\n", 1)[0]
    return "\n".join(line for line in body.splitlines() if not line.startswith("--"))


def _names(wanted: tuple[Topic, ...]) -> str:
    return ";".join(topic.name for topic in wanted)
