from feature_repo.archive_subject import by_day, day_name

NOON_MS = 1_790_035_200_000 - 43_200_000


def test_a_day_has_its_utc_date() -> None:
    assert day_name(NOON_MS) == "2026-09-21"
    assert day_name(NOON_MS + 43_199_999) == "2026-09-21"
    assert day_name(NOON_MS + 43_200_000) == "2026-09-22"


def test_a_time_that_kafka_does_not_know_has_a_day_too() -> None:
    assert day_name(-1) == "1969-12-31"


def test_rows_are_divided_by_day_in_their_order() -> None:
    day_ms = 86_400_000
    rows = [("a", NOON_MS), ("b", NOON_MS - day_ms), ("c", NOON_MS + 1)]
    days = by_day(rows, lambda row: row[1])
    assert {day: [name for name, _ in rows] for day, rows in days.items()} == {
        "2026-09-21": ["a", "c"],
        "2026-09-20": ["b"],
    }
