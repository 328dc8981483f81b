"""Everything a feature may look at: one transaction, at one instant, with the histories known then."""

from collections.abc import Callable
from math import asin, cos, nan, radians, sin, sqrt
from operator import attrgetter
from typing import Literal, TypeVar, get_args

from msgspec import Struct

from domain.counterparts import distinct_since
from domain.display import HOUR_MS, SECOND_MS
from domain.history import TILES_FIELD, WINDOWS_OF_KIND, History, bucket_of
from domain.platform import Pulse
from domain.profile import Profile
from domain.ring import Ring
from domain.tiles import HOUR, LAYOUTS, WEEK, span, total
from domain.transaction import Transaction

Counterpart = Literal["user", "card", "device", "zone", "driver"]
Owner = Literal["card", "user", "device"]
T = TypeVar("T")
EARTH_RADIUS_KM = 6371.0
NORMAL_FROM = 3  # payments let through, before a rider has a usual amount
MIXED_IN = 20  # payments of the usual kind, so that one decline of a quiet hour is no storm
_BEFORE = {owner: attrgetter(f"{owner}_before") for owner in get_args(Owner)}


class Moment(Struct, frozen=True, kw_only=True):
    """`card`, `user` and `device` hold the transaction already, the same names with `_before` do not.

    Payments in flight are in both. Zone, pulse and ring are as the stream told them.
    """

    transaction: Transaction
    as_of_ms: int
    card_before: History | None
    user_before: History | None
    device_before: History | None
    card: History | None
    user: History | None
    device: History | None
    zone: History | None
    pulse: Pulse | None
    profile: Profile | None
    ring: Ring | None = None
    spans: dict[tuple[str, int], tuple[int, int]] = {}  # of windows, as they are asked for

    def history(self, owner: Owner) -> History:
        history: History | None = getattr(self, owner)
        return _known(history)

    def before(self, owner: Owner) -> History:
        history: History | None = _BEFORE[owner](self)
        return _known(history)

    def account(self) -> Profile:
        return _known(self.profile)

    def known_ring(self) -> Ring:
        return _known(self.ring)

    def is_new(self, owner: Owner, what: Counterpart, other: str) -> float:
        """1 when the two have not met before; unknown while the owner has never paid at all."""
        before = self.before(owner)
        if not before.last_payment_ms:
            return nan
        return float(other not in getattr(before, f"{what}_ids"))

    def seconds_since(self, time_ms: int) -> float:
        """Never below zero: an event may bear a time a little after the instant of the decision."""
        return max(self.as_of_ms - time_ms, 0) / SECOND_MS if time_ms else nan

    def mean_amount(self) -> float:
        """The rider's own mean; unknown before the third payment let through."""
        before = self.user_before
        if before is None or before.lifetime_payments < NORMAL_FROM or before.lifetime_amount_minor <= 0:
            return nan
        return before.lifetime_amount_minor / before.lifetime_payments

    def amount_ratio(self) -> float:
        return self.transaction.amount_minor / self.mean_amount()

    def amount_rank(self) -> float:
        """The share of the rider's payments let through that were of a lower power of two."""
        before = self.before("user")
        if before.lifetime_payments < NORMAL_FROM:
            return nan
        lower = sum(before.amount_buckets[: bucket_of(self.transaction.amount_minor)])
        return min(max(lower / before.lifetime_payments, 0.0), 1.0)

    def estimate_ratio(self) -> float:
        """The fare over what was foretold when the ride was asked for; unknown for a ride never heard of."""
        before = self.before("user")
        if self.transaction.ride_id not in before.ride_ids:
            return nan
        newest = len(before.ride_ids) - 1 - before.ride_ids[::-1].index(self.transaction.ride_id)
        return self.transaction.amount_minor / before.ride_estimates_minor[newest]

    def driver_repeats(self) -> float:
        """How many of the rider's newest payments went to this driver."""
        return float(self.before("user").recent_drivers.count(self.transaction.driver_id))

    def cancel_ratio(self, window_ms: int) -> float:
        rows, layout = getattr(self.history("user"), TILES_FIELD[window_ms]), LAYOUTS["user"]
        requests = total(rows, layout, window_ms, self.as_of_ms, "requests")
        return total(rows, layout, window_ms, self.as_of_ms, "cancels") / requests if requests else nan

    def speed_kmh(self) -> float:
        """How fast the rider came from the last pick-up to this one."""
        before = self.before("user")
        if not before.recent_at_ms:
            return nan
        kilometres = distance_km(
            before.recent_lat_e6[-1] / 1e6,
            before.recent_lon_e6[-1] / 1e6,
            self.transaction.pickup_lat,
            self.transaction.pickup_lon,
        )
        elapsed_ms = max(self.as_of_ms - before.recent_at_ms[-1], SECOND_MS)
        return kilometres * HOUR_MS / elapsed_ms

    def zone_total(self, name: str, window_ms: int) -> float:
        rows = getattr(_known(self.zone), TILES_FIELD[window_ms])
        return float(total(rows, LAYOUTS["zone"], window_ms, self.as_of_ms, name))

    def decline_rise(self, around: History | Pulse | None) -> float:
        """The share of declined payments of the last hour over that of the last seven days."""
        assert around is not None, "computed where zone or pulse is known"  # noqa: S101 - both sides of the boundary
        declines, payments = self._declined_and_all(around.tiles_7d, WEEK)
        usual = (declines + 1) / (payments + MIXED_IN)
        declines, payments = self._declined_and_all(around.tiles_1h, HOUR)
        return (declines + MIXED_IN * usual) / (payments + MIXED_IN) / usual

    def _declined_and_all(self, rows: list[int], window_ms: int) -> tuple[int, int]:
        layout, as_of_ms = LAYOUTS["zone"], self.as_of_ms
        return (
            total(rows, layout, window_ms, as_of_ms, "declines"),
            total(rows, layout, window_ms, as_of_ms, "payments"),
        )


def sum_of(owner: Owner, name: str, window_ms: int) -> Callable[[Moment], float]:
    """The sum of `name` over a window; what several sums share is looked up once."""
    assert window_ms in WINDOWS_OF_KIND[owner], f"the history of a {owner} keeps no {TILES_FIELD[window_ms]}"  # noqa: S101 - an empty list would sum to 0
    rows_of, key = attrgetter(f"{owner}.{TILES_FIELD[window_ms]}"), (owner, window_ms)
    stride, place = LAYOUTS[owner].stride, LAYOUTS[owner].offset[name]

    def compute(moment: Moment) -> float:
        rows, found = rows_of(moment), moment.spans.get(key)
        if found is None:
            found = moment.spans[key] = span(rows, stride, window_ms, moment.as_of_ms)
        return float(sum(rows[found[0] + place : found[1] : stride]))

    return compute


def distinct_of(owner: Owner, met: Counterpart, window_ms: int) -> Callable[[Moment], float]:
    """How many different ones `owner` met in a window."""
    times_of = attrgetter(f"{owner}.{met}_seen_ms")

    def compute(moment: Moment) -> float:
        return float(distinct_since(times_of(moment), moment.as_of_ms - window_ms))

    return compute


def _known(part: T | None) -> T:
    assert part is not None, "a feature is computed for known entities only"  # noqa: S101 - both sides of the boundary
    return part


def distance_km(lat_a: float, lon_a: float, lat_b: float, lon_b: float) -> float:
    """Great-circle distance."""
    half_lat, half_lon = radians(lat_b - lat_a) / 2, radians(lon_b - lon_a) / 2
    chord = sin(half_lat) ** 2 + cos(radians(lat_a)) * cos(radians(lat_b)) * sin(half_lon) ** 2
    return 2 * EARTH_RADIUS_KM * asin(sqrt(min(1.0, chord)))
