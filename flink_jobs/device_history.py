"""Which events reach a device's history."""

from domain.events import (
    AccountCreated,
    CardAdded,
    DeviceLogin,
    Event,
    PaymentCorrected,
    PaymentDecided,
    PaymentOutcome,
)


def device_of(event: Event) -> str | None:
    match event:
        case PaymentDecided() | PaymentOutcome() | PaymentCorrected():
            return event.device_id
        case AccountCreated() | CardAdded() | DeviceLogin():
            return event.device_id
        case _:
            return None
