"""Every Kafka topic: name, key, partitions, retention and compaction, declared here and nowhere else."""

from dataclasses import dataclass

MURMUR2 = "murmur2_random"  # librdkafka's name for the Java client's default partitioner


@dataclass(frozen=True, kw_only=True)
class Topic:
    name: str
    key: str
    partitions: int
    retention_days: int | None
    compacted: bool = False

    def config(self) -> dict[str, str]:
        """The broker's settings for this topic."""
        if self.compacted:
            return {"cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0.2", "segment.ms": "3600000"}
        days = self.retention_days or 0
        return {"cleanup.policy": "delete", "retention.ms": str(days * 86_400_000)}


# Replayed history carries its own past times, and retention goes by record time: keep more than 30 days.
RIDES = Topic(name="rides.events.v1", key="user_id", partitions=4, retention_days=45)
DECISIONS = Topic(name="payments.decisions.v1", key="user_id", partitions=4, retention_days=45)
LABELS = Topic(name="payments.labels.v1", key="user_id", partitions=2, retention_days=45)
FEATURES_CARD = Topic(
    name="features.card.v1", key="card_id", partitions=4, retention_days=None, compacted=True
)
FEATURES_USER = Topic(
    name="features.user.v1", key="user_id", partitions=4, retention_days=None, compacted=True
)
FEATURES_PROFILE = Topic(
    name="features.profile.v1", key="user_id", partitions=4, retention_days=None, compacted=True
)
FEATURES_DEVICE = Topic(
    name="features.device.v1", key="device_id", partitions=4, retention_days=None, compacted=True
)
FEATURES_ZONE = Topic(
    name="features.zone.v1", key="zone_id", partitions=4, retention_days=None, compacted=True
)
FEATURES_RING = Topic(
    name="features.ring.v1", key="user_id", partitions=4, retention_days=None, compacted=True
)
DEAD_LETTER = Topic(
    name="events.dead-letter.v1", key="source topic-partition", partitions=1, retention_days=45
)

SOURCES = (RIDES, DECISIONS, LABELS)
HISTORIES = (FEATURES_CARD, FEATURES_USER, FEATURES_DEVICE, FEATURES_ZONE, FEATURES_PROFILE)  # the job's
FEATURES = (*HISTORIES, FEATURES_RING)
ALL = (*SOURCES, *FEATURES, DEAD_LETTER)
BY_NAME = {topic.name: topic for topic in ALL}


PARTITIONS_AT_MOST = 1000
_ORDER = {topic.name: number for number, topic in enumerate(SOURCES)}


def source_number(topic: str, partition: int) -> int:
    """One number for a partition of a source topic, the same for ever: new topics join SOURCES at its end."""
    return _ORDER[topic] * PARTITIONS_AT_MOST + partition


def features_topic(kind: str) -> Topic:
    return BY_NAME[f"features.{kind}.v1"]


def partition_of(key: bytes, partitions: int) -> int:
    """The partition that Kafka's Java client and librdkafka's murmur2_random give a key."""
    return (_murmur2(key) & 0x7FFFFFFF) % partitions


def key_for_partition(partition: int, partitions: int, prefix: str) -> str:
    """The first key `prefix-0`, `prefix-1`, … that lands in the wanted partition."""
    attempt = 0
    while partition_of(f"{prefix}-{attempt}".encode(), partitions) != partition:
        attempt += 1
    return f"{prefix}-{attempt}"


def _murmur2(data: bytes) -> int:
    mask, m = 0xFFFFFFFF, 0x5BD1E995
    h = (0x9747B28C ^ len(data)) & mask
    whole = len(data) - len(data) % 4
    for i in range(0, whole, 4):
        k = int.from_bytes(data[i : i + 4], "little") * m & mask
        k = (k ^ (k >> 24)) * m & mask
        h = (h * m & mask) ^ k
    tail = data[whole:]
    if tail:
        h = (h ^ int.from_bytes(tail, "little")) * m & mask
    h = (h ^ (h >> 13)) * m & mask
    return h ^ (h >> 15)
