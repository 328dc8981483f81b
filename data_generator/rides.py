"""One ride up to its payment: a place is chosen, a ride requested, a driver accepts, the rider pays."""

from random import Random

from data_generator.acts import Story
from data_generator.payments import HONEST, Settling, Truth, pay
from data_generator.people import Payer
from data_generator.ride_events import driver_contacted, location_chosen, ride_cancelled, ride_requested
from data_generator.trips import Trip
from data_generator.world import World

LEAD_MS = 30_000  # the longest time from choosing a place to paying


def ride(
    world: World,
    rng: Random,
    *,
    payer: Payer,
    trip: Trip,
    pay_at_ms: int,
    earliest_ms: int = 0,
    truth: Truth = HONEST,
    quoted: Trip | None = None,
) -> Settling:
    """Nothing of the ride happens before `earliest_ms`; a rider in haste just taps faster.

    `quoted` is the trip that was asked for, where it is not the one that is paid.
    """
    ride_id = world.ids.new("ride")
    chosen, requested, contacted = _approach(rng, pay_at_ms, earliest_ms)
    yield location_chosen(world, payer, quoted or trip, chosen)
    yield ride_requested(world, payer, quoted or trip, ride_id, requested)
    yield driver_contacted(world, payer, trip, ride_id, contacted)
    return (yield from pay(world, rng, payer=payer, trip=trip, ride_id=ride_id, at_ms=pay_at_ms, truth=truth))


def abandoned_ride(world: World, rng: Random, *, payer: Payer, trip: Trip, end_at_ms: int) -> Story:
    """Somebody asks for a ride and thinks better of it, before or after a driver was found."""
    ride_id = world.ids.new("ride")
    chosen, requested, contacted = _approach(rng, end_at_ms, 0)
    found = rng.random() < 0.6
    yield location_chosen(world, payer, trip, chosen)
    yield ride_requested(world, payer, trip, ride_id, requested)
    if found:
        yield driver_contacted(world, payer, trip, ride_id, contacted)
    yield ride_cancelled(world, payer, trip, ride_id, end_at_ms, driver_found=found)


def _approach(rng: Random, pay_at_ms: int, earliest_ms: int) -> tuple[int, int, int]:
    """Times of choice, request and contact; median 7 s before the payment, at most 29 s."""
    thinking = min(18.0, rng.lognormvariate(1.2, 0.6))
    matching = min(9.0, rng.lognormvariate(0.8, 0.6))
    accepting = rng.uniform(0.3, 2.0)
    lead_ms = (thinking + matching + accepting) * 1000
    haste = min(1.0, max(0, pay_at_ms - earliest_ms) / lead_ms)
    contacted = pay_at_ms - int(accepting * haste * 1000)
    requested = contacted - int(matching * haste * 1000)
    return requested - int(thinking * haste * 1000), requested, contacted
