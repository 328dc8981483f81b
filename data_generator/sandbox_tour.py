"""Pays once with every published test token, as a new integration does to see each answer there is."""

import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime

from msgspec import Struct

from app.client import ApiRefused, ApiUnavailable, DecisionClient
from app.requests import Place, TransactionRequest
from app.sandbox import CARDS, RIDERS, Forced
from data_generator.identity import token
from domain.money import SETTLEMENT_CURRENCY


class Tried(Struct, frozen=True, kw_only=True):
    """A token, what is published of it, and what the API answered."""

    token: str
    published: str
    answered: str

    @property
    def as_published(self) -> bool:
        return self.published == self.answered


async def try_test_tokens(client: DecisionClient) -> AsyncIterator[Tried]:
    """`client` needs a test key."""
    for card_id, forced in CARDS.items():
        answered = await _answer(client, forced, card_id=card_id)
        yield Tried(token=card_id, published=_published(forced), answered=answered)
    for user_id, forced in RIDERS.items():
        answered = await _answer(client, forced, user_id=user_id)
        yield Tried(token=user_id, published=_published(forced), answered=answered)


def _published(forced: Forced) -> str:
    if forced.problem:
        return str(forced.problem.status)
    if forced.verdict:
        return forced.verdict
    return _rung(forced.rung or "", forced.rung_reason)


def _rung(rung: str, reason: str | None) -> str:
    return f"{rung} {reason}" if reason else rung


async def _answer(client: DecisionClient, forced: Forced, **tokens: str) -> str:
    try:
        reply = (await client.decide(_payment(**tokens))).reply
    except ApiRefused as error:
        return str(error.status)
    except ApiUnavailable as error:
        return next((word for word in str(error).split() if word.isdecimal()), str(error))
    return reply.verdict if forced.verdict else _rung(reply.rung, reply.rung_reason)


def _payment(*, card_id: str = "card_testapprove", user_id: str = "usr_tester") -> TransactionRequest:
    here = Place(zone="zone_test", lat=0.0, lon=0.0)
    return TransactionRequest(
        transaction_id=token("txn", secrets.token_hex(10)),
        ride_id=token("ride", secrets.token_hex(10)),
        user_id=user_id,
        card_id=card_id,
        device_id="dev_tester",
        driver_id="drv_tester",
        amount_minor=1_850,
        currency=SETTLEMENT_CURRENCY,
        pickup=here,
        dropoff=here,
        distance_m=4_200,
        requested_at=datetime.now(UTC),
    )
