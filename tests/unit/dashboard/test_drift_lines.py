from readings_factories import NOW, a_drift_row, a_snapshot, ago

from dashboard import drift, health
from dashboard.drift import Moved
from dashboard.health import Level
from dashboard.readings import StreamReading


def test_before_the_first_check_nothing_is_known() -> None:
    (line,) = drift.lines([], NOW)
    assert (line.value, line.level) == ("not checked yet", Level.UNKNOWN)


def test_all_well_is_a_line_of_the_score_and_one_of_the_features() -> None:
    lines = drift.lines([a_drift_row(), a_drift_row(subject="amount")], NOW)
    assert [(line.name, line.value, line.level) for line in lines] == [
        ("Score drift", "PSI 0.03, 1 min ago", Level.WELL),
        ("Feature drift", "none of 61, 1 min ago", Level.WELL),
    ]


def test_a_check_of_few_scores_tells_of_the_features_only() -> None:
    assert [line.name for line in drift.lines([a_drift_row(subject="amount")], NOW)] == ["Feature drift"]


def test_a_score_that_drifts_is_the_headline() -> None:
    row = a_drift_row(psi=0.4, alarm="half are at most 2.1 %, in training 0.1 % (PSI 0.40, KS 0.31)")
    lines = drift.lines([row], NOW)
    worst = health.headline([*health.lines(a_snapshot(), StreamReading()), *lines])
    assert (worst.value, worst.level) == ("Score drift: PSI 0.40, 1 min ago", Level.WATCH)
    assert worst.note.startswith("half are at most 2.1 %")


def test_features_that_drift_name_the_worst_and_leave_the_headline_alone() -> None:
    rows = [
        a_drift_row(alarmed_features=2),
        a_drift_row(subject="user_speed", psi=0.5, alarm="rose; and more", alarmed_features=2),
        a_drift_row(subject="amount", psi=0.3, alarm="fell", alarmed_features=2),
    ]
    line = drift.lines(rows, NOW)[-1]
    assert (line.value, line.level) == ("2 of 61, 1 min ago", Level.WATCH)
    assert line.note == "user speed: rose; the learner trains a candidate by itself"
    assert health.headline([line, *health.lines(a_snapshot(), StreamReading())]).level is Level.WELL


def test_an_old_check_says_nothing_of_today() -> None:
    rows = [a_drift_row(checked_at=ago(minutes=16), alarm="rose")]
    (line,) = drift.lines(rows, NOW)
    assert (line.value, line.level) == ("checked 16 min ago", Level.UNKNOWN)
    assert "logs/learner.log" in line.note


def test_a_row_is_written_in_its_numbers() -> None:
    rows = [
        a_drift_row(
            subject="user_speed", psi=0.512, ks=0.2, missing_rise=0.031, out_of_range=0.02, alarm="a"
        ),
        a_drift_row(subject="hour_of_day", psi=None, ks=None, missing_rise=-0.5),
    ]
    assert drift.moved(rows) == [
        Moved(name="user speed", numbers=("0.51", "0.20", "+3.1 points", "2.0 %"), alarm="a"),
        Moved(name="hour of day", numbers=("", "", "-50.0 points", "0.0 %"), alarm=""),
    ]
