from domain.feature_message import WatermarkMessage
from feature_repo.low_watermark import LowWatermark

HERE, THERE = ("features.card.v1", 0), ("features.card.v1", 1)


def said(low_ms: int, *, subtask: int = 0, subtasks: int = 1) -> WatermarkMessage:
    return WatermarkMessage(subtask=subtask, subtasks=subtasks, low_watermark_ms=low_ms)


def test_nothing_is_known_before_every_partition_has_spoken() -> None:
    watermark = LowWatermark([HERE, THERE])
    assert watermark.value_ms() is None
    watermark.hear(HERE, said(5))
    assert watermark.value_ms() is None
    watermark.hear(THERE, said(7))
    assert watermark.value_ms() == 5


def test_every_subtask_must_have_spoken_in_every_partition() -> None:
    watermark = LowWatermark([HERE, THERE])
    for partition in (HERE, THERE):
        watermark.hear(partition, said(9, subtask=0, subtasks=2))
    watermark.hear(HERE, said(4, subtask=1, subtasks=2))
    assert watermark.value_ms() is None
    watermark.hear(THERE, said(6, subtask=1, subtasks=2))
    assert watermark.value_ms() == 4


def test_the_slowest_partition_holds_it_back() -> None:
    watermark = LowWatermark([HERE, THERE])
    watermark.hear(HERE, said(5))
    watermark.hear(THERE, said(5))
    watermark.hear(HERE, said(50))
    assert watermark.value_ms() == 5


def test_another_number_of_subtasks_starts_afresh() -> None:
    watermark = LowWatermark([HERE])
    watermark.hear(HERE, said(5, subtask=0, subtasks=2))
    watermark.hear(HERE, said(5, subtask=1, subtasks=2))
    assert watermark.value_ms() == 5
    watermark.hear(HERE, said(3))
    assert watermark.value_ms() == 3


def test_without_partitions_nothing_is_known() -> None:
    watermark = LowWatermark([HERE])
    assert watermark.value_ms() is None
