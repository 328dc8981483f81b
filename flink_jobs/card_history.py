"""Which events reach a card's history."""

from domain.events import CardAdded, PaymentCorrected, PaymentDecided, PaymentOutcome

NAMED_BY = "card_id"
EVENTS = (PaymentDecided, PaymentOutcome, PaymentCorrected, CardAdded)
