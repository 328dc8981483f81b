"""The one streaming program: records in, fold, histories out. Submitted to Flink with `flink run -py`."""

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pyflink.common import Types
from pyflink.datastream import DataStream, KeyedStream, StreamExecutionEnvironment
from pyflink.java_gateway import get_gateway
from pyflink.table import StreamTableEnvironment

from domain.settings import KafkaSettings
from flink_jobs import connectors
from flink_jobs.connectors import Connectors
from flink_jobs.decode_step import DecodeAndRoute
from flink_jobs.fold_step import FoldIntoHistory
from flink_jobs.routing import KINDS

JOB_NAME = "faregate-histories"
MAX_PARALLELISM = 128
UTC = "UTC"

BYTES = Types.PRIMITIVE_ARRAY(Types.BYTE())
ADDRESSED = Types.ROW([Types.STRING(), BYTES])  # the key comes first
OUTGOING = Types.TUPLE([Types.STRING(), Types.STRING(), BYTES])


@dataclass(frozen=True, kw_only=True)
class Arguments:
    kinds: tuple[str, ...] = KINDS
    epoch: int = 1
    bounded: Path | None = None

    @classmethod
    def parse(cls, words: Sequence[str] | None = None) -> "Arguments":
        parser = argparse.ArgumentParser(description=__doc__)
        parser.add_argument("--kinds", default=",".join(KINDS), help="which histories this job folds")
        parser.add_argument(
            "--epoch", type=int, default=1, help="of histories that begin; raised by a rebuild"
        )
        parser.add_argument("--bounded", type=Path, help="a folder: reads its `in`, writes its `out`, ends")
        given = parser.parse_args(words)
        kinds = tuple(given.kinds.split(","))
        if not set(kinds) <= set(KINDS):
            parser.error(f"there are {', '.join(KINDS)}, not {given.kinds}")
        return cls(kinds=kinds, epoch=given.epoch, bounded=given.bounded)


def build(env: StreamExecutionEnvironment, ways: Connectors, arguments: Arguments) -> StreamTableEnvironment:
    """Lays out the job graph up to a view of what goes out; uids are fixed so that state finds its place."""
    env.set_max_parallelism(MAX_PARALLELISM)
    parallelism = env.get_parallelism()
    tables = StreamTableEnvironment.create(env)
    tables.get_config().set("table.exec.uid.generation", "ALWAYS")
    tables.get_config().set("table.local-time-zone", UTC)
    tables.get_config().set("pipeline.name", JOB_NAME)
    tables.execute_sql(ways.source)
    tables.execute_sql(ways.sink)
    kinds = arguments.kinds
    addressed = (
        tables.to_data_stream(tables.sql_query(ways.records))
        .process(DecodeAndRoute(kinds, subtask_keys(parallelism)), ADDRESSED)
        .uid("decode-and-route")
        .name("decode and route")
    )
    histories = (
        keyed(addressed, parallelism)
        .process(FoldIntoHistory(kinds, epoch=arguments.epoch, paced=not ways.bounded), OUTGOING)
        .uid("fold-into-history")
        .name("fold into history")
    )
    tables.create_temporary_view("outgoing", tables.from_data_stream(sent_aside(histories, parallelism)))
    return tables


def keyed(addressed: DataStream, parallelism: int) -> KeyedStream:
    """The stream by its first field. `key_by` would pass every record through Python once more.

    A single subtask owns every key: there the records need not leave their thread, in which both steps share
    Python's lock anyway.
    """
    jvm = get_gateway().jvm
    stream, key_type = addressed._j_data_stream, Types.ROW([Types.STRING()]).get_java_type_info()
    if parallelism == 1:
        reinterpret = jvm.org.apache.flink.streaming.api.datastream.DataStreamUtils.reinterpretAsKeyedStream
        by_key = reinterpret(stream, jvm.KeyByKeySelector(), key_type)
    else:
        by_key = stream.keyBy(jvm.KeyByKeySelector(), key_type)
    return KeyedStream(by_key, BYTES, addressed)


def sent_aside(histories: DataStream, parallelism: int) -> DataStream:
    """Lets a single subtask send from a thread of its own, while Python goes on. With more subtasks, this
    would mix up the versions of an entity, of which a compacted topic keeps the last."""
    return histories.rescale() if parallelism == 1 else histories


def subtask_keys(parallelism: int) -> tuple[str, ...]:
    """One key for each subtask of the fold, so that a heartbeat reaches every one of them."""
    jvm = get_gateway().jvm
    assign = jvm.org.apache.flink.runtime.state.KeyGroupRangeAssignment.assignKeyToParallelOperator
    keys: dict[int, str] = {}
    attempt = 0
    while len(keys) < parallelism:
        key = f"heartbeat:{attempt}"
        row = jvm.org.apache.flink.types.Row(1)
        row.setField(0, key)
        keys.setdefault(assign(row, MAX_PARALLELISM, parallelism), key)
        attempt += 1
    return tuple(keys[subtask] for subtask in range(parallelism))


def main() -> None:
    arguments = Arguments.parse()
    if arguments.bounded:
        ways = connectors.files(arguments.bounded)
    else:
        ways = connectors.kafka(KafkaSettings.from_env(os.environ).bootstrap)
    tables = build(StreamExecutionEnvironment.get_execution_environment(), ways, arguments)
    tables.execute_sql(ways.send)


if __name__ == "__main__":
    main()
