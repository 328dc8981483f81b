"""Which events reach a card's history."""

from domain.events import CardAdded, Event, PaymentCorrected, PaymentDecided, PaymentOutcome


def card_of(event: Event) -> str | None:
    match event:
        case PaymentDecided() | PaymentOutcome() | PaymentCorrected() | CardAdded():
            return event.card_id
        case _:
            return None
