"""Models as the models page reads them; a test names only what it is about."""

from datetime import UTC, datetime, timedelta
from typing import Any

from dashboard.views.models.readings import Agreement, Bin, Judged, Paid, Standing
from domain.decision import Verdict
from domain.models import ModelState
from scoring.registry import Move, RegisteredModel

NOW = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)
DAY = timedelta(days=1)


def a_model(version: str = "mdl_alpha", **given: Any) -> RegisteredModel:
    defaults: dict[str, Any] = {
        "version": version,
        "kind": "offline",
        "base_version": None,
        "state": ModelState.SHADOW,
        "share": 0.0,
        "active_from_ms": 0,
        "data_from": NOW - 60 * DAY,
        "data_until": NOW - 10 * DAY,
        "code_version": "9f2c1ab",
        "metrics": {"ap": 0.826, "rows": 52_000.0},
        "registered_at": NOW - 9 * DAY,
        "registered_by": "learner",
    }
    return RegisteredModel(**{**defaults, **given})


def a_move(version: str = "mdl_bravo", **given: Any) -> Move:
    defaults: dict[str, Any] = {
        "version": version,
        "from_state": ModelState.CANARY,
        "to_state": ModelState.CHAMPION,
        "share": 0.0,
        "moved_by": "learner",
        "why": "saved <more>",
        "moved_at": NOW - DAY,
        "active_from": NOW - DAY,
    }
    return Move(**{**defaults, **given})


def a_standing(**given: Any) -> Standing:
    defaults: dict[str, Any] = {
        "now": NOW,
        "models": [a_model("mdl_bravo", state=ModelState.CHAMPION), a_model()],
        "moves": [a_move()],
        "former": "mdl_alpha",
        "reported": ["mdl_alpha"],
        "paid": [Paid(model_version="mdl_bravo", decisions=900)],
    }
    return Standing(**{**defaults, **given})


def agreement(decided: Verdict, would: Verdict, payments: int) -> Agreement:
    return Agreement(
        model_version="mdl_alpha", decided=decided, would=would, payments=payments, amount_minor=payments
    )


def judged(fraud: bool, probability: float, shadow: float, **given: Any) -> Judged:
    defaults: dict[str, Any] = {
        "model_version": "mdl_alpha",
        "fraud": fraud,
        "amount_minor": 10_000,
        "probability": probability,
        "shadow_probability": shadow,
        "decided": Verdict.APPROVE,
        "would": Verdict.APPROVE,
    }
    return Judged(**{**defaults, **given})


def a_bin(place: int = 3, payments: int = 100, frauds: int = 35) -> Bin:
    return Bin(place=place, payments=payments, frauds=frauds, probability=place / 10 + 0.05)
