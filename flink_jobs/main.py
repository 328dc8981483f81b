"""The one streaming program: Kafka in, fold, Kafka out. Submitted to Flink with `flink run -py`."""

import argparse
import os

from pyflink.common import Types
from pyflink.datastream import StreamExecutionEnvironment
from pyflink.java_gateway import get_gateway
from pyflink.table import DataTypes, Schema, StreamTableEnvironment

from domain.settings import KafkaSettings
from flink_jobs.connectors import sink_table, source_table
from flink_jobs.decode_step import DecodeAndRoute
from flink_jobs.fold_step import FoldIntoHistory
from flink_jobs.routing import KINDS

JOB_NAME = "faregate-histories"
MAX_PARALLELISM = 128

ADDRESSED = Types.ROW_NAMED(
    ["key", "kind", "entity", "body", "record_time_ms"],
    [Types.STRING(), Types.STRING(), Types.STRING(), Types.PRIMITIVE_ARRAY(Types.BYTE()), Types.LONG()],
)
OUTGOING = Types.ROW_NAMED(
    ["topic", "record_key", "body"], [Types.STRING(), Types.STRING(), Types.PRIMITIVE_ARRAY(Types.BYTE())]
)
OUTGOING_SCHEMA = (
    Schema.new_builder()
    .column("topic", DataTypes.STRING().not_null())
    .column("record_key", DataTypes.STRING())
    .column("body", DataTypes.BYTES())
    .build()
)


def build(env: StreamExecutionEnvironment, bootstrap: str, kinds: tuple[str, ...]) -> None:
    """Lays out the job graph; uids are fixed so that state finds its operator again."""
    env.set_max_parallelism(MAX_PARALLELISM)
    tables = StreamTableEnvironment.create(env)
    tables.get_config().set("table.exec.uid.generation", "ALWAYS")
    tables.get_config().set("pipeline.name", JOB_NAME)
    tables.execute_sql(source_table(bootstrap))
    tables.execute_sql(sink_table(bootstrap))
    histories = (
        tables.to_data_stream(tables.from_path("source_records"))
        .flat_map(DecodeAndRoute(kinds, subtask_keys(env.get_parallelism())), ADDRESSED)
        .uid("decode-and-route")
        .name("decode and route")
        .key_by(lambda row: row[0], Types.STRING())
        .process(FoldIntoHistory(kinds), OUTGOING)
        .uid("fold-into-history")
        .name("fold into history")
    )
    tables.create_temporary_view("outgoing", tables.from_data_stream(histories, OUTGOING_SCHEMA))
    tables.execute_sql("INSERT INTO sink_records SELECT topic, record_key, body FROM outgoing")


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
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kinds", default=",".join(KINDS), help="which histories this job folds")
    kinds = tuple(parser.parse_args().kinds.split(","))
    bootstrap = KafkaSettings.from_env(os.environ).bootstrap
    build(StreamExecutionEnvironment.get_execution_environment(), bootstrap, kinds)


if __name__ == "__main__":
    main()
