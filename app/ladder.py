"""On what footing a decision is made: the higher the rung, the more of the machinery stands behind it."""

from msgspec import Struct

from app.ports import StoredFeatures
from domain.decision import Rung

FRESH_MS = 2_000
USABLE_MS = 60_000

DEADLINE_SPENT = "deadline_spent"
NO_MODEL = "no_model"
HISTORIES_LATE = "histories_late"
HISTORIES_UNREADABLE = "histories_unreadable"
NO_WATERMARK = "no_watermark"
FEATURES_STALE = "features_stale"
FEATURES_AGEING = "features_ageing"
SCORER_FAILED = "scorer_failed"
SCORER_LATE = "scorer_late"


class Footing(Struct, frozen=True, kw_only=True):
    """A rung, and why it is not the highest."""

    rung: Rung
    reason: str | None = None
    feature_age_ms: int | None = None

    @property
    def uses_model(self) -> bool:
        return self.rung in (Rung.R0, Rung.R1)


def footing(*, features: StoredFeatures | str, has_model: bool, time_left: bool, as_of_ms: int) -> Footing:
    """The highest rung that holds. `features` is what was read, or the reason why nothing was."""
    if not time_left:
        return Footing(rung=Rung.R3, reason=DEADLINE_SPENT)
    if isinstance(features, str):
        return Footing(rung=Rung.R2, reason=features)
    if features.low_watermark_ms is None:
        return Footing(rung=Rung.R2, reason=NO_WATERMARK)
    return _by_age(max(0, as_of_ms - features.low_watermark_ms), has_model=has_model)


def without_scorer(on: Footing, reason: str) -> Footing:
    """Where a decision stands whose model failed, or took too long, while it was made."""
    return Footing(rung=Rung.R2, reason=reason, feature_age_ms=on.feature_age_ms)


def _by_age(age_ms: int, *, has_model: bool) -> Footing:
    if not has_model:
        return Footing(rung=Rung.R2, reason=NO_MODEL, feature_age_ms=age_ms)
    if age_ms > USABLE_MS:
        return Footing(rung=Rung.R2, reason=FEATURES_STALE, feature_age_ms=age_ms)
    if age_ms > FRESH_MS:
        return Footing(rung=Rung.R1, reason=FEATURES_AGEING, feature_age_ms=age_ms)
    return Footing(rung=Rung.R0, feature_age_ms=age_ms)
