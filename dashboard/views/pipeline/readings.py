"""What the pipeline page reads: of the database, of Kafka and of Flink."""

from datetime import datetime

from msgspec import Struct

from dashboard.readings import Parity, Pipeline, RungTotal


class Flow(Struct, frozen=True, kw_only=True):
    """How PostgreSQL sees the stream; `ring_positions` are next offsets of the ring builder by source."""

    pipeline: Pipeline
    decisions_10s: int
    rungs: list[RungTotal]
    parity: Parity
    ring_positions: dict[int, int]


class KafkaLook(Struct, frozen=True, kw_only=True):
    """Ends of all partitions at a moment, `at_s` on a clock that never jumps; `committed` by group."""

    at_s: float
    ends: dict[tuple[str, int], int]
    dead_letters: int
    committed: dict[str, dict[tuple[str, int], int]]


class Checkpoint(Struct, frozen=True, kw_only=True):
    at_ms: int
    took_ms: int
    size: int


class FlinkLook(Struct, frozen=True, kw_only=True):
    """`failed` checkpoints since the job began; no checkpoint before the first is complete."""

    state: str
    newest: Checkpoint | None = None
    failed: int = 0
    completed: int = 0


class StreamLook(Struct, frozen=True, kw_only=True):
    """None where nobody told us where to ask, or nobody answered."""

    kafka: KafkaLook | None = None
    flink: FlinkLook | None = None
    asked_kafka: bool = False
    asked_flink: bool = False


class Kept(Struct, frozen=True, kw_only=True):
    """What the ledger says of a decision and the histories that it read."""

    decision_id: str
    transaction_id: str
    decided_at: datetime
    as_of_ms: int
    user_id: str
    card_id: str
    rung: str
    feature_age_ms: int | None
    latency_us: int
    card_epoch: int | None
    card_version: int | None
    user_epoch: int | None
    user_version: int | None
    positions: dict[str, list[int]] | None
    overlaid: int


class Row(Struct, frozen=True, kw_only=True):
    """A history in the online store, as it stands now."""

    view: str
    entity_id: str
    epoch: int
    version: int
    written_at: datetime
