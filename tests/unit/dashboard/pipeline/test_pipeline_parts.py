"""Rates and lags from what Kafka said, the parts of the picture, and what Flink's checkpoints mean."""

import pytest
from pipeline_page_factories import NOW, a_flink, a_flow, a_kafka, a_stream
from readings_factories import a_pipeline

from dashboard.health import Level
from dashboard.views.pipeline import parts, picture
from dashboard.views.pipeline.rates import RateMeter, histories_lag, rates, rings_lag, writer_lag
from dashboard.views.pipeline.stream import StreamLooks, flink_look
from domain.topics import DECISIONS, FEATURES, LABELS, RIDES


def test_a_rate_is_what_came_between_two_looks() -> None:
    measured = rates(a_kafka(at_s=100, end=100), a_kafka(at_s=104, end=120))
    assert measured.of((RIDES,)) == 4 * 20 / 4
    assert measured.of((DECISIONS, LABELS)) == 6 * 20 / 4
    assert measured.written == sum(topic.partitions for topic in FEATURES) * 20 / 4


def test_nothing_is_told_of_a_moment_nor_of_another_broker() -> None:
    assert rates(a_kafka(at_s=100), a_kafka(at_s=100.5)).of((RIDES,)) is None
    assert rates(a_kafka(at_s=100, end=100), a_kafka(at_s=104, end=5)).of((RIDES,)) is None
    assert rates(a_kafka(at_s=100, committed={}), a_kafka(at_s=104)).written is None


def test_the_meter_compares_with_the_oldest_look_of_the_last_seconds() -> None:
    meter = RateMeter()
    assert meter.take(a_kafka(at_s=0, end=0)).of((LABELS,)) is None
    assert meter.take(a_kafka(at_s=10, end=10)).of((LABELS,)) == 2.0
    assert meter.take(a_kafka(at_s=20, end=40)).of((LABELS,)) == 6.0


def test_lag_is_what_a_group_has_yet_to_read() -> None:
    look = a_kafka(end=100, behind=3)
    assert histories_lag(look) == 3 * (4 + 4 + 2)
    assert writer_lag(look) == 3 * sum(topic.partitions for topic in FEATURES)
    assert histories_lag(a_kafka(committed={})) is None
    assert rings_lag(look, {0: 90, 1002: 100}) == 10
    assert rings_lag(look, {}) is None


def test_a_pipeline_that_flows_is_well_in_every_part() -> None:
    made = parts.parts(a_flow(), a_stream(), rates(a_kafka(at_s=100, end=50), a_kafka(at_s=104, end=100)))
    assert {part.level for part in made.values()} == {Level.WELL}
    assert made["api"].value == "12/s decided"
    assert made["events"].value == "125/s in"
    assert made["writer"].note.startswith("48 to go")
    assert made["flink"].note == "20 since the checkpoint"


def test_what_nobody_told_is_not_known() -> None:
    made = parts.parts(a_flow(ring_positions={}), a_stream(kafka=None, flink=None), None)
    assert (made["events"].value, made["events"].level) == ("not known", Level.WATCH)
    assert (made["flink"].value, made["flink"].level) == ("not known", Level.WATCH)
    assert made["rings"].value == "nothing read yet"
    unasked = parts.parts(
        a_flow(), a_stream(kafka=None, flink=None, asked_kafka=False, asked_flink=False), None
    )
    assert unasked["events"].level is Level.UNKNOWN
    assert parts.parts(a_flow(), a_stream(), None)["events"].value == "measuring …"


def test_a_writer_that_is_far_behind_is_marked() -> None:
    made = parts.parts(a_flow(), a_stream(kafka=a_kafka(end=10_000, behind=5_000)), None)
    assert made["writer"].level is Level.WATCH


def test_an_empty_online_store_says_so() -> None:
    flow = a_flow(pipeline=a_pipeline(watermark=None, watermark_written_at=None))
    assert parts.parts(flow, a_stream(), None)["store"].value == "nothing yet"


def test_a_job_that_stands_still_is_bad() -> None:
    stream = a_stream(flink=a_flink(state="RESTARTING"))
    assert parts.parts(a_flow(), stream, None)["flink"].level is Level.BAD
    assert [line.level for line in parts.job(stream, 0)] == [Level.BAD]
    assert parts.job(a_stream(flink=None), 0)[0].value == "no answer"
    assert parts.job(a_stream(flink=None, asked_flink=False), 0) == []


def test_checkpoints_are_told_with_age_duration_size_and_failures() -> None:
    now_ms = round(NOW.timestamp() * 1000)
    line = parts.checkpoints(a_flink(failed=1), now_ms)
    assert (line.value, line.note, line.level) == (
        "3.0 s ago, in 240 ms, 3.0 MiB",
        "1 of 41 failed",
        Level.WELL,
    )
    old = parts.checkpoints(a_flink(), now_ms + 60_000)
    assert old.level is Level.WATCH
    assert parts.checkpoints(a_flink(newest=None), now_ms).value == "none yet"


def test_flinks_answer_is_read() -> None:
    newest = {"trigger_timestamp": 1_000, "end_to_end_duration": 200, "state_size": 5}
    counts = {"completed": 7, "failed": 2}
    look = flink_look("RUNNING", {"latest": {"completed": newest}, "counts": counts})
    assert (look.newest and look.newest.at_ms, look.failed, look.completed) == (1_200, 2, 7)
    assert flink_look("RUNNING", {"latest": {"completed": None}, "counts": counts}).newest is None


def test_who_is_not_asked_says_nothing() -> None:
    look = StreamLooks(bootstrap=None, flink_url=None).look()
    assert (look.kafka, look.flink, look.asked_kafka, look.asked_flink) == (None, None, False, False)


def test_the_picture_holds_every_part_and_escapes_what_is_told() -> None:
    made = parts.parts(a_flow(), a_stream(flink=a_flink(state="<b>")), None)
    drawn = picture.picture(made)
    assert drawn.count("class='fg-part ") == len(made)
    assert "&lt;b&gt;" in drawn
    assert "<b>" not in drawn


@pytest.mark.parametrize(("rate", "words"), [(0.25, "0.2/s"), (12.4, "12/s"), (4_200.0, "4,200/s")])
def test_a_rate_is_written_with_what_it_says(rate: float, words: str) -> None:
    assert parts.a_second(rate) == words


def test_dead_letters_are_counted_where_kafka_is_asked() -> None:
    assert parts.dead_letters(a_stream())[0].value == "3"
    assert parts.dead_letters(a_stream(kafka=a_kafka(dead_letters=0)))[0].value == "none"
    assert parts.dead_letters(a_stream(kafka=None))[0].level is Level.WATCH
    assert parts.dead_letters(a_stream(kafka=None, asked_kafka=False)) == []
    assert len(parts.lines(a_flow(), a_stream())) == 8
