"""Which models a payment meets at an instant; a value that every change replaces whole."""

from collections.abc import Iterator

from msgspec import Struct

from app.scoring import Scoring
from domain.models import is_canary_rider


class Canary(Struct, frozen=True, kw_only=True):
    """Decides for a `share` of the riders, 0 to 1."""

    scoring: Scoring
    share: float


class InService(Struct, frozen=True, kw_only=True):
    champion: Scoring | None = None
    canaries: tuple[Canary, ...] = ()
    shadows: tuple[Scoring, ...] = ()

    def deciding(self, user_id: str) -> tuple[Scoring, ...]:
        """The model for this rider's payments, then the one to ask when it fails; empty without a model."""
        chosen = (
            canary.scoring
            for canary in self.canaries
            if is_canary_rider(canary.scoring.version, user_id, canary.share)
        )
        first = next(chosen, None)
        return tuple(model for model in (first, self.champion) if model is not None)

    def all(self) -> Iterator[Scoring]:
        if self.champion:
            yield self.champion
        yield from (canary.scoring for canary in self.canaries)
        yield from self.shadows


NONE = InService()
