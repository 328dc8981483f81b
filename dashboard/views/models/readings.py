"""What the models page reads."""

from datetime import datetime

from msgspec import Struct

from domain.decision import Verdict
from scoring.registry import Move, RegisteredModel


class Paid(Struct, frozen=True, kw_only=True):
    """How many payments a model decided lately."""

    model_version: str
    decisions: int


class Agreement(Struct, frozen=True, kw_only=True):
    """Payments that were decided one way, and what a model in the shadow would have said of them."""

    model_version: str
    decided: Verdict
    would: Verdict
    payments: int
    amount_minor: int


class Judged(Struct, frozen=True, kw_only=True):
    """A payment whose truth is known, with the decider's and the shadow's word on it."""

    model_version: str
    fraud: bool
    amount_minor: int
    probability: float
    shadow_probability: float
    decided: Verdict
    would: Verdict


class Bin(Struct, frozen=True, kw_only=True):
    """Payments of one tenth of the probabilities, `place` 0 to 9, whose truth is known."""

    place: int
    payments: int
    frauds: int
    probability: float


class ScoreDrift(Struct, frozen=True, kw_only=True):
    checked_at: datetime
    model_version: str
    psi: float | None
    alarms: int
    score_alarm: str | None


class Round(Struct, frozen=True, kw_only=True):
    ended_at: datetime
    trigger: str
    labels: int
    verdict: str
    why: str
    candidate: str | None
    compute_s: float


class Standing(Struct, frozen=True, kw_only=True):
    """`former` is who a rollback goes back to."""

    now: datetime
    models: list[RegisteredModel]
    moves: list[Move]
    former: str | None
    reported: list[str]  # the models that were registered with a report
    paid: list[Paid]


class Process(Struct, frozen=True, kw_only=True):
    """A living process of the API, and what it said of a model since it was asked to have it ready."""

    process: str
    told: bool
    refused: str | None
