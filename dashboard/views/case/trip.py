"""Where the ride goes, and the leg from the rider's last pick-up with the speed that it implies."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from msgspec import DecodeError, Struct, ValidationError, json

from dashboard.views.case.readings import Before, Point, Subject, Trip
from domain.display import HOUR_MS, SECOND_MS, duration_ms
from domain.moment import distance_km

FAST_KMH = 150.0  # no taxi keeps this up
NEAR_KM = 0.3
SHORTEST_VIEW_KM = 6.0
_decoder = json.Decoder(Trip)


class Leg(Struct, frozen=True, kw_only=True):
    """From the rider's last pick-up to this one, as the crow flies."""

    start: Point
    km: float
    elapsed_ms: int

    @property
    def kmh(self) -> float:
        return self.km * HOUR_MS / max(self.elapsed_ms, SECOND_MS)

    @property
    def is_fast(self) -> bool:
        return self.kmh > FAST_KMH and self.km > NEAR_KM


class Way(Struct, frozen=True, kw_only=True):
    trip: Trip
    leg: Leg | None


def way(subject: Subject, before: Before | None) -> Way | None:
    """None for a request that says nothing of its ride."""
    trip = trip_of(subject.request)
    if trip is None:
        return None
    start = trip_of(before.request) if before else None
    if before is None or start is None:
        return Way(trip=trip, leg=None)
    here, there = trip.pickup, start.pickup
    km = distance_km(there.lat, there.lon, here.lat, here.lon)
    return Way(trip=trip, leg=Leg(start=there, km=km, elapsed_ms=max(0, subject.as_of_ms - before.as_of_ms)))


def trip_of(request: bytes) -> Trip | None:
    try:
        return _decoder.decode(request)
    except (DecodeError, ValidationError):
        return None


def sentence(of: Way) -> str:
    """ "41 km in 6 min: 410 km/h"."""
    ride = f"The ride is {of.trip.distance_m / 1000:.1f} km."
    if of.leg is None:
        return f"{ride} No earlier ride of these weeks."
    leg = of.leg
    moved = f"{leg.km:.1f} km in {duration_ms(leg.elapsed_ms)}"
    if leg.km <= NEAR_KM:
        return f"{ride} The last one began at the same place, {duration_ms(leg.elapsed_ms)} before."
    judged = ", which nobody drives" if leg.is_fast else ""
    return f"{ride} From the last pick-up: {moved}, {leg.kmh:,.0f} km/h{judged}."


def zones(trips: Iterable[Trip]) -> list[Point]:
    """The middle of the rides that began or ended in each zone."""
    found: dict[str, list[Point]] = defaultdict(list)
    for trip in trips:
        found[trip.pickup.zone].append(trip.pickup)
        found[trip.dropoff.zone].append(trip.dropoff)
    return [
        Point(
            zone=zone,
            lat=sum(point.lat for point in points) / len(points),
            lon=sum(point.lon for point in points) / len(points),
        )
        for zone, points in sorted(found.items())
    ]


class Extent(Struct, frozen=True, kw_only=True):
    """The middle of some points, and how far they reach from west to east and from south to north."""

    lat: float
    lon: float
    wide_km: float
    high_km: float


def extent(points: Sequence[Point]) -> Extent:
    lats, lons = [point.lat for point in points], [point.lon for point in points]
    west, east, south, north = min(lons), max(lons), min(lats), max(lats)
    lat = (south + north) / 2
    return Extent(
        lat=lat,
        lon=(west + east) / 2,
        wide_km=max(distance_km(lat, west, lat, east), SHORTEST_VIEW_KM),
        high_km=max(distance_km(south, west, north, west), SHORTEST_VIEW_KM / 2),
    )
