"""Examples of the API's document: made of the very types they show, with published test tokens."""

from datetime import UTC, datetime
from typing import Any

from msgspec import Raw, Struct, json

from app import problems
from app.health import Alive, Readiness
from app.problems import Problem, body_of
from app.replies import (
    DecisionRecord,
    LabelReceipt,
    OutcomeReceipt,
    RecordedOutcome,
    Reply,
    Versions,
    encode_reply,
)
from app.requests import LabelRequest, OutcomeReport, Place, TransactionRequest
from domain.decision import Outcome, Rung, Verdict
from domain.reasons import Reason
from domain.rules import Action, Mode, RuleHit

_ASKED = datetime(2026, 9, 21, 14, 13, 20, tzinfo=UTC)
_DECIDED = _ASKED.replace(microsecond=412_000)

REQUEST = TransactionRequest(
    transaction_id="txn_7k2m9q",
    ride_id="ride_4h8x",
    user_id="usr_ana",
    card_id="card_testchallenge",
    device_id="dev_phone",
    driver_id="drv_ben",
    amount_minor=1_850,
    currency="USD",
    pickup=Place(zone="zone_a", lat=40.71, lon=-74.0),
    dropoff=Place(zone="zone_b", lat=40.76, lon=-73.98),
    distance_m=6_200,
    requested_at=_ASKED,
)
REPLY = Reply(
    decision_id="dec_bcrsvtjzmqkfnbdhgpvw",
    transaction_id=REQUEST.transaction_id,
    verdict=Verdict.CHALLENGE,
    score=61,
    probability=0.0125,
    rung=Rung.R0,
    rung_reason=None,
    feature_age_ms=420,
    reasons=[
        Reason(
            code="card_failures_1h",
            sentence="the card failed 4 times in the last hour",
            value=4.0,
            normal=0.0,
            contribution=1.92,
        )
    ],
    rules=[
        RuleHit(
            rule_id="rule_card_testing",
            version=2,
            action=Action.CHALLENGE,
            mode=Mode.LIVE,
            points=None,
            acted=True,
        )
    ],
    list_entry=None,
    versions=Versions(model="mdl_a", rules=7, lists=3, policy="pol_a.12"),
    decided_at=_DECIDED,
)
OUTCOME = OutcomeReport(outcome=Outcome.CHARGEBACK, occurred_at=_DECIDED, reason_code="10.4")
LABEL = LabelRequest(label="fraud", why="the cardholder did not know the ride")
RECORD = DecisionRecord(
    reply=Raw(encode_reply(REPLY)),
    request=Raw(REQUEST.canonical()),
    outcomes=[
        RecordedOutcome(
            outcome_id="out_mkfq",
            outcome=Outcome.CHARGEBACK,
            reason_code="10.4",
            amount_minor=1_850,
            occurred_at=_DECIDED,
            recorded_at=_DECIDED,
        )
    ],
)
_READY = Readiness(status="ready", decision="ok", ledger="ok", schema="ok", model="ok", model_version="mdl_a")
_ALL: tuple[Struct, ...] = (
    REQUEST,
    REPLY,
    OUTCOME,
    OutcomeReceipt(outcome_id="out_mkfq"),
    LABEL,
    LabelReceipt(label_id="lbl_gqnv"),
    RECORD,
    Alive(instance="instance-a"),
    _READY,
)
_BY_TYPE = {type(example): example for example in _ALL}

_DETAILS = {
    problems.INVALID_REQUEST: ("Expected `int` > 0", "amount_minor"),
    problems.WRONG_CURRENCY: ("this deployment settles in USD", "currency"),
    problems.CARD_NUMBER: ("card_id holds digits that look like a card number", "card_id"),
    problems.CARD_DATA: ("a field of this name may never be sent", "cvv"),
    problems.FORBIDDEN: ("the key needs the scope decide", "Authorization"),
    problems.UNAUTHENTICATED: ("the API key is unknown, expired or revoked", "Authorization"),
}


def example_of(kind: type[Struct]) -> Any:
    """As it goes over the wire; None for what has no example."""
    example = _BY_TYPE.get(kind)
    return None if example is None else json.decode(json.encode(example))


def problem_example(problem: Problem) -> Any:
    detail, field = _DETAILS.get(problem, (problem.meaning, None))
    return json.decode(json.encode(body_of(problem, detail, field)))
