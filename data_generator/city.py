"""A flat city on the Greenwich meridian, so that its local hours are UTC, cut into square zones."""

import math
from dataclasses import dataclass
from random import Random

COLUMNS, ROWS, SIDE_KM = 8, 6, 2.5
CENTRE_LAT, CENTRE_LON = 51.5, 0.0
KM_PER_DEGREE = 111.32
STREETS = 1.3  # a ride is this much longer than the straight line


@dataclass(frozen=True, kw_only=True, slots=True)
class Zone:
    """`price_level` multiplies fares; `pull` is how many people want to be there."""

    number: int
    zone_id: str
    lat: float
    lon: float
    price_level: float
    pull: float


def _zone(number: int) -> Zone:
    row, column = divmod(number, COLUMNS)
    east_km = (column - (COLUMNS - 1) / 2) * SIDE_KM
    north_km = ((ROWS - 1) / 2 - row) * SIDE_KM
    closeness = math.exp(-((east_km / 6) ** 2) - (north_km / 5) ** 2)
    airport = number == COLUMNS * ROWS - 1
    return Zone(
        number=number,
        zone_id=f"zone_{'abcdefgh'[column]}{row + 1}",
        lat=round(CENTRE_LAT + north_km / KM_PER_DEGREE, 6),
        lon=round(CENTRE_LON + east_km / (KM_PER_DEGREE * math.cos(math.radians(CENTRE_LAT))), 6),
        price_level=1.45 if airport else round(0.9 + 0.4 * closeness, 3),
        pull=1.0 if airport else 0.15 + closeness,
    )


ZONES = tuple(_zone(number) for number in range(COLUMNS * ROWS))
AIRPORT = ZONES[-1]
PLACES = {zone.zone_id: zone for zone in ZONES}
_PULLS = [zone.pull for zone in ZONES]


def distance_km(a: Zone, b: Zone) -> float:
    """Along the streets; inside one zone, a short hop."""
    if a.number == b.number:
        return 1.6
    rows_a, columns_a = divmod(a.number, COLUMNS)
    rows_b, columns_b = divmod(b.number, COLUMNS)
    return math.hypot(rows_a - rows_b, columns_a - columns_b) * SIDE_KM * STREETS


_FAR = {
    zone.number: tuple(other for other in ZONES if distance_km(zone, other) > 11) or (AIRPORT,)
    for zone in ZONES
}
_NEAR = {zone.number: tuple(other for other in ZONES if distance_km(zone, other) < 5) for zone in ZONES}


def popular_zone(rng: Random) -> Zone:
    return rng.choices(ZONES, _PULLS)[0]


def far_from(zone: Zone, rng: Random) -> Zone:
    return rng.choice(_FAR[zone.number])


def near(zone: Zone, rng: Random) -> Zone:
    return rng.choice(_NEAR[zone.number])


def spot_in(zone: Zone, rng: Random) -> tuple[float, float]:
    """A latitude and longitude inside the zone."""
    half_side = SIDE_KM / 2 / KM_PER_DEGREE
    return (
        round(zone.lat + rng.uniform(-half_side, half_side), 6),
        round(zone.lon + rng.uniform(-half_side, half_side) / math.cos(math.radians(zone.lat)), 6),
    )
