"""Payments, their outcomes and analysts' words to the approval API, as any caller sends them."""

from app.client import DecisionClient
from app.requests import LabelRequest, OutcomeReport, Place, TransactionRequest
from data_generator.ports import Decision
from data_generator.scenarios.places import place_of
from domain.decision import Outcome
from domain.events import from_ms
from domain.transaction import Transaction


class ApiGateway:
    def __init__(self, client: DecisionClient) -> None:
        self._client = client

    async def decide(self, transaction: Transaction) -> Decision:
        reply = (await self._client.decide(_request(transaction))).reply
        return Decision(decision_id=reply.decision_id, verdict=reply.verdict, probability=reply.probability)

    async def report(
        self, transaction_id: str, outcome: Outcome, reason_code: str | None, occurred_at_ms: int
    ) -> None:
        report = OutcomeReport(outcome=outcome, reason_code=reason_code, occurred_at=from_ms(occurred_at_ms))
        await self._client.report_outcome(transaction_id, report)


class ApiLabels:
    """What one analyst says, under that analyst's own key."""

    def __init__(self, client: DecisionClient) -> None:
        self._client = client

    async def label(self, decision_id: str, *, fraud: bool) -> None:
        word = (
            LabelRequest(label="fraud", why="the rider did not know the ride")
            if fraud
            else LabelRequest(label="good", why="the rider confirmed the ride")
        )
        await self._client.label(decision_id, word)


def _request(transaction: Transaction) -> TransactionRequest:
    arrival = place_of(transaction.dropoff_zone)
    return TransactionRequest(
        transaction_id=transaction.transaction_id,
        ride_id=transaction.ride_id,
        user_id=transaction.user_id,
        card_id=transaction.card_id,
        device_id=transaction.device_id,
        driver_id=transaction.driver_id,
        amount_minor=transaction.amount_minor,
        currency=transaction.currency,
        pickup=Place(zone=transaction.pickup_zone, lat=transaction.pickup_lat, lon=transaction.pickup_lon),
        dropoff=Place(zone=arrival.zone_id, lat=arrival.lat, lon=arrival.lon),
        distance_m=transaction.distance_m,
        requested_at=from_ms(transaction.requested_at_ms),
        promo_id=transaction.promo_id,
    )
