from flink_jobs.pacing import TOLD_EVERY_MS, next_telling_ms


def test_only_zones_wait() -> None:
    assert {kind for kind in ("card", "user", "device", "zone", "profile") if next_telling_ms(kind, 0)} == {
        "zone"
    }


def test_a_zone_is_told_at_the_next_quarter_of_a_second() -> None:
    assert TOLD_EVERY_MS["zone"] == 250
    assert [next_telling_ms("zone", now_ms) for now_ms in (1_000, 1_001, 1_249, 1_250)] == [
        1_250,
        1_250,
        1_250,
        1_500,
    ]
