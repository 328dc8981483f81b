"""Which events reach a device's history."""

from domain.events import (
    AccountCreated,
    CardAdded,
    DeviceLogin,
    PaymentCorrected,
    PaymentDecided,
    PaymentOutcome,
)

NAMED_BY = "device_id"
EVENTS = (PaymentDecided, PaymentOutcome, PaymentCorrected, AccountCreated, CardAdded, DeviceLogin)
