"""Which events reach a zone's history."""

from domain.events import PaymentDecided, PaymentOutcome, RideCancelled, RideRequested

NAMED_BY = "pickup_zone"
EVENTS = (PaymentDecided, PaymentOutcome, RideRequested, RideCancelled)
