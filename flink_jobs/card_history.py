"""Which events reach a card's history."""

from domain.events import CardAdded, Event, PaymentDecided, PaymentOutcome


def card_of(event: Event) -> str | None:
    match event:
        case PaymentDecided() | PaymentOutcome() | CardAdded():
            return event.card_id
        case _:
            return None
