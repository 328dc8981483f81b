from dataclasses import dataclass

import psycopg
import pytest
from feature_factories import history_message

from domain.feature_message import FeatureMessage, WatermarkMessage, encode_message
from domain.online_store import WATERMARK_VIEW, decode_watermark
from domain.topics import FEATURES_RING
from feature_repo.features_consumer import PARTITIONS, WITH_WATERMARKS
from feature_repo.online_rows import Row
from feature_repo.online_writer import OnlineStoreUnavailable, OnlineWriter, PostgresWrites


@dataclass(frozen=True)
class KafkaMessage:
    body: bytes
    place: tuple[str, int] = PARTITIONS[0]

    def topic(self) -> str:
        return self.place[0]

    def partition(self) -> int:
        return self.place[1]

    def offset(self) -> int:
        return 0

    def value(self) -> bytes:
        return self.body


def on_kafka(message: FeatureMessage) -> KafkaMessage:
    return KafkaMessage(encode_message(message))


def watermarks(low_ms: int) -> list[KafkaMessage]:
    body = encode_message(WatermarkMessage(subtask=0, subtasks=1, low_watermark_ms=low_ms))
    return [KafkaMessage(body, place) for place in WITH_WATERMARKS]


@pytest.fixture
def batches() -> list[list[Row]]:
    return []


@pytest.fixture
def writer(batches: list[list[Row]]) -> OnlineWriter:
    return OnlineWriter(batches.append)


def test_a_batch_is_one_write_of_the_newest_rows(writer: OnlineWriter, batches: list[list[Row]]) -> None:
    writer.take(on_kafka(history_message(entity, version)) for entity in "ba" for version in (1, 2))
    assert [[(row.entity_id, row.version) for row in rows] for rows in batches] == [[("a", 2), ("b", 2)]]
    assert writer.rows_written == 2


def test_a_row_is_the_message_as_it_stands(writer: OnlineWriter, batches: list[list[Row]]) -> None:
    message = history_message("usr_a", 4, kind="user", epoch=2, known_at_ms=5)
    writer.take([on_kafka(message)])
    assert batches == [
        [
            Row(
                view="user_history",
                entity_id="usr_a",
                epoch=2,
                version=4,
                known_at_us=5_000,
                payload=message.payload,
            )
        ]
    ]


def test_the_watermark_is_written_with_the_rows_it_covers(
    writer: OnlineWriter, batches: list[list[Row]]
) -> None:
    writer.take([on_kafka(history_message()), *watermarks(1_000)])
    ((history, watermark),) = batches
    assert history.view == "card_history"
    assert (watermark.view, decode_watermark(watermark.payload)) == (WATERMARK_VIEW, 1_000)


def test_no_watermark_before_every_partition_has_one(writer: OnlineWriter, batches: list[list[Row]]) -> None:
    writer.take(watermarks(1_000)[:-1])
    assert batches == []


def test_topics_that_the_job_does_not_write_are_not_waited_for(
    writer: OnlineWriter, batches: list[list[Row]]
) -> None:
    [apart, *_] = sorted(set(PARTITIONS) - set(WITH_WATERMARKS))
    old = WatermarkMessage(subtask=0, subtasks=1, low_watermark_ms=5)
    writer.take([*watermarks(1_000), KafkaMessage(encode_message(old), apart)])
    assert [rows[0].version for rows in batches] == [1_000_000]
    assert apart[0] == FEATURES_RING.name


def test_the_watermark_is_written_only_when_it_rises(writer: OnlineWriter, batches: list[list[Row]]) -> None:
    for low_ms in (1_000, 1_000, 900, 1_100):
        writer.take(watermarks(low_ms))
    assert [rows[0].version for rows in batches] == [1_000_000, 1_100_000]


@pytest.mark.parametrize(
    "body",
    [b"", b"not msgpack", encode_message(history_message(kind="driver"))],
    ids=["empty", "not msgpack", "unknown kind"],
)
def test_an_unreadable_message_is_left_out_and_counted(
    body: bytes, writer: OnlineWriter, batches: list[list[Row]], caplog: pytest.LogCaptureFixture
) -> None:
    writer.take([KafkaMessage(body), on_kafka(history_message())])
    assert writer.refused == 1
    assert len(batches[0]) == 1
    assert "features.card.v1-0 at 0" in caplog.text


class Stop:
    """Stands for threading.Event, and never waits."""

    def __init__(self, *, is_set: bool = False) -> None:
        self.is_set_now, self.waits = is_set, 0

    def wait(self, _timeout: float) -> bool:
        self.waits += 1
        return self.is_set_now


class FlakyConnection:
    def __init__(self, failures: int) -> None:
        self.failures, self.executed = failures, 0

    def execute(self, *_: object) -> None:
        if self.failures:
            self.failures -= 1
            raise psycopg.OperationalError("gone")
        self.executed += 1

    def close(self) -> None:
        pass


def test_a_batch_is_written_again_when_postgres_is_back() -> None:
    connection, stop = FlakyConnection(3), Stop()
    PostgresWrites(lambda: connection, stop)([])  # type: ignore[arg-type, return-value]
    assert (connection.executed, stop.waits) == (1, 3)


@pytest.mark.parametrize("stopped", [False, True])
def test_waiting_for_postgres_ends_with_patience_or_with_the_process(stopped: bool) -> None:
    writes = PostgresWrites(lambda: FlakyConnection(1), Stop(is_set=stopped))  # type: ignore[arg-type, return-value]
    with pytest.raises(OnlineStoreUnavailable, match="gone"):
        writes([])
