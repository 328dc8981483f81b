"""The events a ride leaves behind, each as an act at its time."""

from data_generator.acts import Publish
from data_generator.people import Payer
from data_generator.trips import Trip
from data_generator.world import APP, World
from domain.events import (
    DriverContacted,
    LocationChosen,
    RideCancelled,
    RideCompleted,
    RideRequested,
    from_ms,
)


def location_chosen(world: World, payer: Payer, trip: Trip, at_ms: int) -> Publish:
    event = LocationChosen(
        id=world.ids.new("evt"),
        event_time=from_ms(at_ms),
        producer=APP,
        user_id=payer.user_id,
        device_id=payer.device_id,
        zone_id=trip.dropoff.zone_id,
    )
    return Publish(at_ms=at_ms, event=event)


def ride_requested(world: World, payer: Payer, trip: Trip, ride_id: str, at_ms: int) -> Publish:
    event = RideRequested(
        id=world.ids.new("evt"),
        event_time=from_ms(at_ms),
        producer=APP,
        ride_id=ride_id,
        user_id=payer.user_id,
        device_id=payer.device_id,
        pickup_zone=trip.pickup.zone_id,
        dropoff_zone=trip.dropoff.zone_id,
        pickup_lat=trip.lat,
        pickup_lon=trip.lon,
        distance_m=trip.distance_m,
        estimate_minor=trip.fare_minor,
    )
    return Publish(at_ms=at_ms, event=event)


def driver_contacted(world: World, payer: Payer, trip: Trip, ride_id: str, at_ms: int) -> Publish:
    event = DriverContacted(
        id=world.ids.new("evt"),
        event_time=from_ms(at_ms),
        producer=APP,
        ride_id=ride_id,
        user_id=payer.user_id,
        driver_id=trip.driver_id,
    )
    return Publish(at_ms=at_ms, event=event)


def ride_cancelled(
    world: World,
    payer: Payer,
    trip: Trip,
    ride_id: str,
    at_ms: int,
    *,
    driver_found: bool,
    by_driver: bool = False,
) -> Publish:
    event = RideCancelled(
        id=world.ids.new("evt"),
        event_time=from_ms(at_ms),
        producer=APP,
        ride_id=ride_id,
        user_id=payer.user_id,
        driver_id=trip.driver_id if driver_found else None,
        cancelled_by="driver" if by_driver else "rider",
        pickup_zone=trip.pickup.zone_id,
    )
    return Publish(at_ms=at_ms, event=event)


def ride_completed(world: World, payer: Payer, trip: Trip, ride_id: str, at_ms: int) -> Publish:
    event = RideCompleted(
        id=world.ids.new("evt"),
        event_time=from_ms(at_ms),
        producer=APP,
        ride_id=ride_id,
        user_id=payer.user_id,
        driver_id=trip.driver_id,
        dropoff_zone=trip.dropoff.zone_id,
        distance_m=trip.distance_m,
        duration_s=trip.duration_s,
    )
    return Publish(at_ms=at_ms, event=event)
