"""One way through the city: where, how far, how long, for how much, with whom."""

from dataclasses import dataclass
from random import Random

from data_generator.city import Zone, distance_km, spot_in
from data_generator.population import City

BASE_MINOR, KM_MINOR, LEAST_MINOR = 220, 105, 380


@dataclass(frozen=True, kw_only=True, slots=True)
class Trip:
    pickup: Zone
    dropoff: Zone
    lat: float
    lon: float
    distance_m: int
    duration_s: int
    fare_minor: int
    driver_id: str


def plan_trip(city: City, rng: Random, pickup: Zone, dropoff: Zone, price: float = 1.0) -> Trip:
    """`price` multiplies the usual fare: the class of the car, the surge of the hour."""
    km = max(0.6, distance_km(pickup, dropoff) * rng.uniform(0.85, 1.2))
    fare = (BASE_MINOR + KM_MINOR * km) * pickup.price_level * price * rng.uniform(0.93, 1.08)
    lat, lon = spot_in(pickup, rng)
    return Trip(
        pickup=pickup,
        dropoff=dropoff,
        lat=lat,
        lon=lon,
        distance_m=int(km * 1000),
        duration_s=int(120 + km * rng.uniform(100, 210)),
        fare_minor=max(LEAST_MINOR, int(fare)),
        driver_id=city.driver_near(pickup, rng),
    )
