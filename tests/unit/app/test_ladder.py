import pytest
from factories import NOW_MS, stored

from app import ladder
from app.ladder import Footing, footing, without_scorer
from domain.decision import Rung


def stand(**given: object) -> Footing:
    defaults = {"features": stored(), "has_model": True, "time_left": True, "as_of_ms": NOW_MS}
    return footing(**{**defaults, **given})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("age_ms", "rung", "reason"),
    [
        (0, Rung.R0, None),
        (2_000, Rung.R0, None),
        (2_001, Rung.R1, ladder.FEATURES_AGEING),
        (60_000, Rung.R1, ladder.FEATURES_AGEING),
        (60_001, Rung.R2, ladder.FEATURES_STALE),
    ],
)
def test_the_age_of_the_features_chooses_the_rung(age_ms: int, rung: Rung, reason: str | None) -> None:
    on = stand(features=stored(low_watermark_ms=NOW_MS - age_ms))
    assert on == Footing(rung=rung, reason=reason, feature_age_ms=age_ms)
    assert on.uses_model is (rung in (Rung.R0, Rung.R1))


def test_a_watermark_ahead_of_our_clock_is_no_age() -> None:
    assert stand(features=stored(low_watermark_ms=NOW_MS + 40)) == Footing(rung=Rung.R0, feature_age_ms=0)


def test_no_watermark() -> None:
    on = stand(features=stored(low_watermark_ms=None))
    assert on == Footing(rung=Rung.R2, reason=ladder.NO_WATERMARK)


def test_no_model() -> None:
    assert stand(has_model=False) == Footing(rung=Rung.R2, reason=ladder.NO_MODEL, feature_age_ms=500)


@pytest.mark.parametrize("reason", [ladder.HISTORIES_LATE, ladder.HISTORIES_UNREADABLE])
def test_no_histories(reason: str) -> None:
    assert stand(features=reason) == Footing(rung=Rung.R2, reason=reason)


def test_no_time_beats_everything() -> None:
    assert stand(time_left=False) == Footing(rung=Rung.R3, reason=ladder.DEADLINE_SPENT)


@pytest.mark.parametrize("reason", [ladder.SCORER_FAILED, ladder.SCORER_LATE])
def test_a_scorer_that_fails_keeps_the_age(reason: str) -> None:
    assert without_scorer(stand(), reason) == Footing(rung=Rung.R2, reason=reason, feature_age_ms=500)
