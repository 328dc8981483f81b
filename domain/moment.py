"""Everything a feature may look at: one transaction, at one instant, with the histories known then."""

from math import asin, cos, nan, radians, sin, sqrt
from typing import Literal

from msgspec import Struct

from domain.counterparts import distinct_since
from domain.display import HOUR_MS, SECOND_MS
from domain.history import TILES_FIELD, History
from domain.profile import Profile
from domain.tiles import total
from domain.transaction import Transaction

Counterpart = Literal["user", "card", "device", "zone", "driver"]
Owner = Literal["card", "user"]
EARTH_RADIUS_KM = 6371.0


class Moment(Struct, frozen=True, kw_only=True):
    """`card` and `user` hold the transaction already, `card_before` and `user_before` do not."""

    transaction: Transaction
    as_of_ms: int
    card_before: History | None
    user_before: History | None
    card: History | None
    user: History | None
    profile: Profile | None

    def history(self, owner: Owner) -> History:
        return self._of(self.card if owner == "card" else self.user)

    def before(self, owner: Owner) -> History:
        return self._of(self.card_before if owner == "card" else self.user_before)

    def account(self) -> Profile:
        assert self.profile is not None, "a profile feature is computed for known profiles only"  # noqa: S101 - both sides of the boundary
        return self.profile

    def total(self, owner: Owner, name: str, window_ms: int) -> float:
        rows = getattr(self.history(owner), TILES_FIELD[window_ms])
        return float(total(rows, window_ms, self.as_of_ms, name))

    def distinct(self, owner: Owner, what: Counterpart, window_ms: int) -> float:
        return float(
            distinct_since(getattr(self.history(owner), f"{what}_seen_ms"), self.as_of_ms - window_ms)
        )

    def is_new(self, owner: Owner, what: Counterpart, other: str) -> float:
        """1 when the two have not met before; unknown while the owner has never paid at all."""
        before = self.before(owner)
        if not before.recent_ids:
            return nan
        return float(other not in getattr(before, f"{what}_ids"))

    def seconds_since(self, time_ms: int) -> float:
        """Never below zero: an event may bear a time a little after the instant of the decision."""
        return max(self.as_of_ms - time_ms, 0) / SECOND_MS if time_ms else nan

    def seconds_since_last_payment(self, owner: Owner) -> float:
        times = self.before(owner).recent_at_ms
        return self.seconds_since(times[-1]) if times else nan

    def amount_ratio(self) -> float:
        """The amount over the rider's own mean; unknown before the third payment let through."""
        before = self.before("user")
        if before.lifetime_payments < 3:
            return nan
        return self.transaction.amount_minor * before.lifetime_payments / before.lifetime_amount_minor

    def speed_kmh(self) -> float:
        """How fast the rider came from the last pick-up to this one."""
        before = self.before("user")
        if not before.recent_ids:
            return nan
        kilometres = distance_km(
            before.recent_lat_e6[-1] / 1e6,
            before.recent_lon_e6[-1] / 1e6,
            self.transaction.pickup_lat,
            self.transaction.pickup_lon,
        )
        elapsed_ms = max(self.as_of_ms - before.recent_at_ms[-1], SECOND_MS)
        return kilometres * HOUR_MS / elapsed_ms

    @staticmethod
    def _of(history: History | None) -> History:
        assert history is not None, "a history feature is computed for known entities only"  # noqa: S101 - both sides of the boundary
        return history


def distance_km(lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> float:
    """Great-circle distance."""
    half_lat, half_lon = radians(lat_b - lat_a) / 2, radians(lon_b - lon_a) / 2
    chord = sin(half_lat) ** 2 + cos(radians(lat_a)) * cos(radians(lat_b)) * sin(half_lon) ** 2
    return 2 * EARTH_RADIUS_KM * asin(sqrt(min(1.0, chord)))
