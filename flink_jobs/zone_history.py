"""Which events reach a zone's history."""

from domain.events import Event, PaymentDecided, PaymentOutcome, RideCancelled, RideRequested


def zone_of(event: Event) -> str | None:
    match event:
        case PaymentDecided() | PaymentOutcome() | RideRequested() | RideCancelled():
            return event.pickup_zone
        case _:
            return None
