"""Which events reach a user's history."""

from domain.events import (
    CardAdded,
    DeviceLogin,
    PaymentCorrected,
    PaymentDecided,
    PaymentOutcome,
    ProfileChanged,
    RideCancelled,
    RideRequested,
)

NAMED_BY = "user_id"
EVENTS = (  # an account's creation is told of in the profile
    PaymentDecided,
    PaymentOutcome,
    PaymentCorrected,
    RideRequested,
    RideCancelled,
    CardAdded,
    DeviceLogin,
    ProfileChanged,
)
