import pytest
from readings_factories import NOW, a_parity, a_pipeline, a_row, a_snapshot, ago, an_empty_snapshot

from dashboard import health
from dashboard.health import Level, Line
from dashboard.readings import DecisionTimes, RungTotal, StreamReading
from domain.decision import Rung

RUNNING = StreamReading(asked_flink=True, job_state="RUNNING", asked_kafka=True, dead_letters=0)


def by_name(lines: list[Line]) -> dict[str, Line]:
    return {line.name: line for line in lines}


def test_all_well_is_one_sentence() -> None:
    lines = health.lines(a_snapshot(), RUNNING)
    assert {line.level for line in lines} == {Level.WELL}
    assert health.headline(lines).value == "Deciding normally"


def test_parts_nobody_told_us_of_are_left_out() -> None:
    names = by_name(health.lines(a_snapshot(), StreamReading()))
    assert "Flink job" not in names
    assert "Dead letters" not in names


def test_the_headline_names_the_worst() -> None:
    snapshot = a_snapshot(pipeline=a_pipeline(age_ms=61_000), newest=[a_row(decided_at=ago(minutes=5))])
    worst = health.headline(health.lines(snapshot, RUNNING))
    assert worst.value == "Feature age: 1 min"
    assert worst.level is Level.BAD
    assert "own data only" in worst.note


@pytest.mark.parametrize(
    ("age_ms", "level", "value"),
    [
        (2_000, Level.WELL, "2.0 s"),
        (2_001, Level.WATCH, "2.0 s"),
        (60_000, Level.WATCH, "1 min"),
        (60_001, Level.BAD, "1 min"),
        (-50, Level.WELL, "0 ms"),
    ],
)
def test_feature_age_follows_the_ladder(age_ms: int, level: Level, value: str) -> None:
    line = health.feature_age(a_pipeline(age_ms=age_ms))
    assert (line.level, line.value) == (level, value)


def test_no_watermark_is_bad() -> None:
    pipeline = a_pipeline(watermark=None, watermark_written_at=None)
    assert health.feature_age(pipeline).level is Level.BAD
    assert health.writer(pipeline).value == "never"


def test_a_silent_writer_is_watched() -> None:
    assert health.writer(a_pipeline(watermark_written_at=ago(seconds=6))).level is Level.WATCH


@pytest.mark.parametrize(
    ("events", "waits_s", "level", "value"),
    [
        (1, 0.4, Level.WELL, "1 event, 400 ms"),
        (1_500, 3, Level.WATCH, "1,500 events, 3.0 s"),
        (2, 31, Level.BAD, "2 events, 31.0 s"),
    ],
)
def test_the_outbox_is_judged_by_its_oldest_event(
    events: int, waits_s: float, level: Level, value: str
) -> None:
    line = health.outbox(a_pipeline(waiting_events=events, waiting_since=ago(seconds=waits_s)))
    assert (line.level, line.value) == (level, value)


def test_no_payments_coming_in_is_watched() -> None:
    assert health.last_decision([a_row(decided_at=ago(seconds=31))], NOW).level is Level.WATCH
    assert health.last_decision([a_row()], NOW).value == "2.0 s ago"
    assert health.last_decision([], NOW).level is Level.UNKNOWN


def test_lower_rungs_are_named_with_their_share() -> None:
    line = health.full_model([RungTotal(rung=Rung.R2, decisions=5), RungTotal(rung=Rung.R0, decisions=95)])
    assert (line.value, line.level) == ("95.0 % R0", Level.WATCH)
    assert line.note == "5.0 % R2: the request's own data only"


def test_slow_decisions_are_watched() -> None:
    assert health.decision_time(DecisionTimes(p50_us=9_000.0, p99_us=50_001.0)).level is Level.WATCH
    assert health.decision_time(DecisionTimes(p50_us=None, p99_us=None)).level is Level.UNKNOWN


def test_a_job_that_does_not_run_is_bad() -> None:
    (failing,) = health.job(StreamReading(asked_flink=True, job_state="RESTARTING"))
    assert (failing.value, failing.level) == ("restarting", Level.BAD)
    (silent,) = health.job(StreamReading(asked_flink=True))
    assert silent.level is Level.WATCH


def test_dead_letters_say_how_to_read_them() -> None:
    (some,) = health.dead_letters(StreamReading(asked_kafka=True, dead_letters=1_200))
    assert some.value == "1,200"
    assert "faregate tail events.dead-letter.v1" in some.note
    (silent,) = health.dead_letters(StreamReading(asked_kafka=True))
    assert silent.value == "unknown"


def test_the_model_is_that_of_the_newest_decision_with_one() -> None:
    rows = [a_row(model_version=None, scorer_kind=None), a_row(model_version="mdl_b"), a_row()]
    assert health.model(rows).value == "mdl_b"
    assert health.model([]).value == "none in use"


def test_parity_is_told_in_one_line() -> None:
    line = health.parity(a_parity(), NOW)
    assert line.value == "100.0 % of 50 decisions as known (2 min ago), with hindsight 98.0 %"
    assert line.level is Level.WELL


def test_one_decision_that_differs_is_bad() -> None:
    line = health.parity(a_parity(as_known=49), NOW)
    assert line.level is Level.BAD
    assert line.value.startswith("98.0 % of 50")
    assert "logs/parity.log" in line.note


@pytest.mark.parametrize(
    ("minutes", "is_due", "level"),
    [(10, True, Level.WELL), (11, True, Level.WATCH), (11, False, Level.WELL)],
)
def test_a_check_that_should_have_come_is_missed(minutes: int, is_due: bool, level: Level) -> None:
    line = health.parity(a_parity(checked_at=ago(minutes=minutes), is_due=is_due), NOW)
    assert line.level is level


@pytest.mark.parametrize(
    "nothing", [{"checked_at": None, "checked_decisions": None}, {"checked_decisions": 0}]
)
def test_before_the_first_check_nothing_is_known(nothing: dict[str, None]) -> None:
    line = health.parity(a_parity(**nothing), NOW)
    assert (line.value, line.level) == ("no decision checked yet", Level.UNKNOWN)


def test_an_empty_ledger_is_not_an_alarm() -> None:
    assert health.headline(health.lines(an_empty_snapshot(), RUNNING)).value == "Deciding normally"
