"""From the registry's placements to who decides when: now, and from each agreed instant on."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from app.models.in_service import Canary, InService
from app.scoring import Scoring
from domain.models import SCORING, ModelState, Placement


class Timetable(Struct, frozen=True):
    """Placements in the order of their moves: of one model, the newest that is active holds."""

    placements: tuple[Placement, ...] = ()

    def wanted(self) -> set[str]:
        """Every model that scores, or will."""
        return {placed.version for placed in self.placements if placed.state in SCORING}

    def next_instant_ms(self, now_ms: int) -> int | None:
        """When somebody's place changes next."""
        later = (placed.active_from_ms for placed in self.placements if placed.active_from_ms > now_ms)
        return min(later, default=None)

    def at(self, now_ms: int, loaded: Mapping[str, Scoring]) -> InService:
        """Of several champions the newest that is loaded decides: one that could not be loaded here must not
        leave payments without a model."""
        standing = _standing(self.placements, now_ms)
        ready = [placed for placed in standing if placed.version in loaded]
        champions = [loaded[p.version] for p in ready if p.state is ModelState.CHAMPION]
        shadows = [loaded[p.version] for p in ready if p.state is ModelState.SHADOW]
        named = any(placed.state is ModelState.CHAMPION for placed in standing)
        if not champions and named and shadows:  # who was champion before stays in the shadow
            champions = [shadows.pop()]
        return InService(
            champion=champions[-1] if champions else None,
            canaries=tuple(
                Canary(scoring=loaded[p.version], share=p.share)
                for p in ready
                if p.state is ModelState.CANARY
            ),
            shadows=(*shadows, *champions[:-1]),
        )


def _standing(placements: Sequence[Placement], now_ms: int) -> list[Placement]:
    standing: dict[str, Placement] = {}
    for placed in placements:
        if placed.active_from_ms <= now_ms:
            standing.pop(placed.version, None)  # so that the newest move comes last
            standing[placed.version] = placed
    return [placed for placed in standing.values() if placed.state in SCORING]
