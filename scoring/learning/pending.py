"""The way of a candidate that passed the gate: shadow, canary, champion; a step a round, or out."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from psycopg.rows import dict_row

from domain.models import ModelState
from scoring.learning.rounds import Round, query
from scoring.learning.workshop import LEARNER, Workshop
from scoring.registry import MoveRefused, RegisteredModel, Registry

SHADOW_MIN = 100  # payments that it scored before it may decide one
STOPS_TIMES, STOPS_MORE = 3.0, 0.05  # of the champion's stops: a new attack needs room
REFUSALS_MAX = 3
WAITS_MAX_MS = 24 * 3_600_000
ON_ITS_WAY = (ModelState.CANARY, ModelState.SHADOW, ModelState.CANDIDATE)


def find(registry: Registry) -> RegisteredModel | None:
    """The learner's own model that is on its way; the farthest, should there be several."""
    crowned = {move.version for move in registry.moves() if move.to_state is ModelState.CHAMPION}
    on_its_way = [
        model
        for model in registry.models()
        if model.registered_by == LEARNER and model.version not in crowned and model.state in ON_ITS_WAY
    ]
    return min(on_its_way, key=lambda model: ON_ITS_WAY.index(model.state), default=None)


def advance(workshop: Workshop, model: RegisteredModel, champion: RegisteredModel) -> Round:
    """One step, or none; every step is one move, so a round that ends in it leaves nothing half done."""
    if model.state is ModelState.CANDIDATE:
        return out(workshop, model.version, "the round that made it ended before its verdict")
    refusal = _row(workshop, "cannot_load", version=model.version)
    if refusal:
        return out(workshop, model.version, f"{refusal['process']} cannot load it: {refusal['refused']}")
    if workshop.now_ms - model.active_from_ms > WAITS_MAX_MS:
        return out(
            workshop, model.version, f"too few payments came within a day to judge it as {model.state}"
        )
    try:
        return (_after_shadow if model.state is ModelState.SHADOW else _after_canary)(
            workshop, model, champion
        )
    except MoveRefused as problem:
        return _refused(workshop, model.version, str(problem))


def _after_shadow(workshop: Workshop, model: RegisteredModel, champion: RegisteredModel) -> Round:
    del champion
    since = datetime.fromtimestamp(model.active_from_ms / 1000, UTC)
    seen = _row(workshop, "shadow_verdicts", version=model.version, since=since) or {}
    payments = int(seen.get("payments", 0))
    if payments < SHADOW_MIN:
        return _waits(model, f"in the shadow it scored {payments} payments, {SHADOW_MIN} are needed")
    stops, usual = (int(seen[name]) / payments for name in ("would_stop", "stopped"))
    why = f"of {payments} payments in the shadow it would have stopped {stops:.1%}, {usual:.1%} were stopped"
    if stops > max(STOPS_TIMES * usual, usual + STOPS_MORE):
        return out(workshop, model.version, why)
    share = workshop.settings.canary_share
    workshop.registry.canary(model.version, share, by=LEARNER, why=why)
    return Round(
        verdict="canary", why=f"It decides for {share:.0%} of the riders: {why}.", candidate=model.version
    )


def _after_canary(workshop: Workshop, model: RegisteredModel, champion: RegisteredModel) -> Round:
    from scoring.registry.guardrails import Limits, canary_health

    since = datetime.fromtimestamp(model.active_from_ms / 1000, UTC)
    limits = Limits(decline_times=STOPS_TIMES, decline_more=STOPS_MORE)
    health = canary_health(workshop.connection, model.version, champion.version, since, limits)
    if health.standing == "too few":
        return _waits(model, health.why)
    if health.standing == "breach":
        return out(workshop, model.version, f"as a canary, {health.why}")
    workshop.registry.promote(model.version, by=LEARNER, why=f"as a canary, {health.why}")
    return Round(
        verdict="promoted", why=f"It is champion: as a canary, {health.why}.", candidate=model.version
    )


def out(workshop: Workshop, version: str, why: str) -> Round:
    """Retires a candidate for a reason that stands in the registry too."""
    workshop.registry.retire(version, by=LEARNER, why=why)
    return Round(verdict="rejected", why=f"{version} is retired: {why}.", candidate=version)


def _refused(workshop: Workshop, version: str, why: str) -> Round:
    """A process that was slow once may be ready the next time."""
    if workshop.rounds.refusals_of(version) + 1 >= REFUSALS_MAX:
        return out(workshop, version, f"it was refused {REFUSALS_MAX} times, the last time so: {why}")
    return Round(verdict="refused", why=why, candidate=version, details={"promotion_refused": True})


def _waits(model: RegisteredModel, why: str) -> Round:
    return Round(verdict="idle", why=f"{model.version} waits: {why}.", candidate=model.version)


def _row(workshop: Workshop, name: str, **values: object) -> Mapping[str, Any] | None:
    with workshop.connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query(name), values).fetchone()
