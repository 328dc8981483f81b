import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.folded_ids import LATENESS_HORIZON_MS
from domain.topics import (
    ALL,
    BY_NAME,
    DEAD_LETTER,
    FEATURES,
    MURMUR2,
    PARTITIONS_AT_MOST,
    RIDES,
    SOURCES,
    features_topic,
    key_for_partition,
    partition_of,
    source_number,
)

# Kafka's own test of its hash (org.apache.kafka.common.utils.UtilsTest).
JAVA_HASHES = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}


@pytest.mark.parametrize(("key", "java_hash"), JAVA_HASHES.items())
@pytest.mark.parametrize("partitions", [1, 2, 4, 100, 2**31 - 1])
def test_keys_land_where_the_java_client_puts_them(key: bytes, java_hash: int, partitions: int) -> None:
    assert partition_of(key, partitions) == (java_hash & 0x7FFFFFFF) % partitions


@given(key=st.binary(max_size=64), partitions=st.integers(1, 64))
def test_every_key_has_one_partition(key: bytes, partitions: int) -> None:
    assert 0 <= partition_of(key, partitions) < partitions
    assert partition_of(key, partitions) == partition_of(bytes(bytearray(key)), partitions)


@pytest.mark.parametrize("partitions", [1, 2, 4, 16])
def test_there_is_a_key_for_every_partition(partitions: int) -> None:
    for partition in range(partitions):
        key = key_for_partition(partition, partitions, "watermark")
        assert key.startswith("watermark-")
        assert partition_of(key.encode(), partitions) == partition


def test_the_partitioner_is_the_one_librdkafka_calls_so() -> None:
    assert MURMUR2 == "murmur2_random"


def test_names_are_unique_and_bear_a_version() -> None:
    assert len(BY_NAME) == len(ALL)
    assert all(topic.name.endswith(".v1") for topic in ALL)


def test_features_are_compacted_and_nothing_else_is() -> None:
    assert {topic for topic in ALL if topic.compacted} == set(FEATURES)
    for topic in FEATURES:
        assert topic.config()["cleanup.policy"] == "compact"


def test_sources_are_kept_longer_than_the_longest_window() -> None:
    for topic in (*SOURCES, DEAD_LETTER):
        assert topic.config() == {"cleanup.policy": "delete", "retention.ms": str(45 * 86_400_000)}
        assert int(topic.config()["retention.ms"]) > 30 * 86_400_000 + LATENESS_HORIZON_MS


@pytest.mark.parametrize("kind", ["card", "user", "device", "zone", "profile", "ring"])
def test_each_kind_has_a_topic(kind: str) -> None:
    assert features_topic(kind).name == f"features.{kind}.v1"


def test_events_of_one_rider_stay_in_order() -> None:
    assert {topic.key for topic in SOURCES} == {RIDES.key} == {"user_id"}


@pytest.mark.parametrize(
    ("topic", "partition", "number"),
    [
        ("rides.events.v1", 0, 0),
        ("rides.events.v1", 3, 3),
        ("payments.decisions.v1", 0, 1_000),
        ("payments.decisions.v1", 3, 1_003),
        ("payments.labels.v1", 1, 2_001),
    ],
)
def test_a_source_partition_has_one_number_for_ever(topic: str, partition: int, number: int) -> None:
    """These stand in stored histories: a change here makes them tell of other places."""
    assert source_number(topic, partition) == number


def test_numbers_of_sources_are_apart() -> None:
    assert all(topic.partitions < PARTITIONS_AT_MOST for topic in SOURCES)
    numbers = [source_number(t.name, partition) for t in SOURCES for partition in range(t.partitions)]
    assert len(set(numbers)) == len(numbers)
