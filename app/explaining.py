"""Why a decision came out as it did: all that it saw, what the model made of it, and a replay.

From the ledger's tables and the model's own folder alone.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from math import isnan

import psycopg
from msgspec import Raw, Struct, convert, json
from psycopg.rows import dict_row

from app.decision_id import as_of_ms_in
from app.ledger import days_around
from app.pass_through import PassedThrough
from app.policies.naming import parts_of
from app.policies.store import PolicyStore
from app.ports import Model
from app.queries import query
from app.replaying import KeptDecision, Replay, ReplayRefused, replay
from app.replies import RecordedOutcome
from app.rules.keeper import InForce
from app.rules.list_store import ListStore
from app.rules.rulebook import CompiledRulebook
from app.rules.store import RuleStore
from domain.catalogue import FEATURES, Feature
from domain.display import DAY_MS
from domain.errors import ModelRefused
from domain.events import from_ms, to_ms
from domain.labels import MATURITY_DAYS, AnalystLabel, Label, label_of
from domain.policy import Policy
from domain.reasons import sentence
from domain.rules import ListHit, RuleHit

Models = Callable[[str], Model | None]  # by version


class SeenFeature(Struct, frozen=True, kw_only=True):
    """`contribution` in log odds; the value in the feature's own unit, None where it is missing."""

    name: str
    value: float | None
    normal: float | None
    contribution: float | None
    sentence: str


class SeenRule(Struct, frozen=True, kw_only=True):
    hit: RuleHit
    expression: str


class Known(Struct, frozen=True, kw_only=True):
    """The version of a history that was read, and the newest event folded of each source partition."""

    epoch: int | None
    version: int | None
    positions: list[int]


class Replayed(Struct, frozen=True, kw_only=True):
    """`same`: the reply came out byte for byte; `refused` says why it could not be made again."""

    same: bool
    refused: str | None = None
    differs: str | None = None


class Why(Struct, frozen=True, kw_only=True):
    """Contributions and `base` add up to `margin`, the calibrated log odds of `probability`."""

    reply: Raw
    request: Raw
    as_of: datetime
    features: list[SeenFeature]
    base: float | None
    margin: float | None
    rules: list[SeenRule]
    failed_rules: list[str]
    list_entry: ListHit | None
    pass_through: PassedThrough | None
    histories: dict[str, Known]
    in_flight: list[tuple[str, str | None, int]]
    pulse_id: str | None
    outcomes: list[RecordedOutcome]
    labels: list[AnalystLabel]
    label: Label
    replay: Replayed


def find_kept(
    connection: psycopg.Connection, decision_id: str, tenant: str | None = None
) -> KeptDecision | None:
    """Of one tenant, or of any."""
    as_of_ms = as_of_ms_in(decision_id)
    if as_of_ms is None:
        return None
    cursor = connection.cursor(row_factory=dict_row, binary=True)
    where = {"decision_id": decision_id, "tenant": tenant} | days_around(as_of_ms)
    row = cursor.execute(query("kept_decision"), where).fetchone()
    if row is None:
        return None
    for name in ("histories", "positions", "overlaid", "evidence", "rules"):
        row[name] = None if row[name] is None else json.decode(row[name])
    return convert(row, KeptDecision)


def replay_kept(connection: psycopg.Connection, kept: KeptDecision, models: Models) -> Replay:
    """Raises ReplayRefused or ModelRefused."""
    model = models(kept.model_version) if kept.model_version else None
    policies = InForce(
        rulebook=CompiledRulebook(kept.rulebook_version, RuleStore(connection).as_of(kept.rulebook_version)),
        lists=ListStore(connection).as_of(kept.lists_version),
        policy=_policy(connection, kept),
    )
    return replay(kept, model, policies)


def _policy(connection: psycopg.Connection, kept: KeptDecision) -> Policy | None:
    _, number = parts_of(kept.policy_version)
    return None if number is None else PolicyStore(connection).as_of(number)


def explain(connection: psycopg.Connection, kept: KeptDecision, models: Models, now_ms: int) -> Why:
    made, replayed = _replayed(connection, kept, models)
    outcomes, labels = _outcomes(connection, kept), _labels(connection, kept)
    contributions = made.scored.contributions if made and made.scored else None
    return Why(
        reply=Raw(kept.reply),
        request=Raw(kept.request),
        as_of=from_ms(kept.as_of_ms),
        features=_features(kept, contributions),
        base=contributions[-1] if contributions else None,
        margin=sum(contributions) if contributions else None,
        rules=_rules(connection, kept),
        failed_rules=list(kept.evidence.failed),
        list_entry=kept.evidence.list_entry,
        pass_through=kept.evidence.pass_through,
        histories=_histories(kept),
        in_flight=kept.overlaid or [],
        pulse_id=kept.pulse_id,
        outcomes=outcomes,
        labels=labels,
        label=label_of(
            [outcome.outcome for outcome in outcomes],
            labels,
            to_ms(kept.decided_at),
            now_ms,
            MATURITY_DAYS * DAY_MS,
        ),
        replay=replayed,
    )


def _replayed(
    connection: psycopg.Connection, kept: KeptDecision, models: Models
) -> tuple[Replay | None, Replayed]:
    try:
        made = replay_kept(connection, kept, models)
    except (ReplayRefused, ModelRefused) as error:
        return None, Replayed(same=False, refused=str(error))
    return made, Replayed(same=made.same, differs=None if made.same else first_difference(kept, made))


def first_difference(kept: KeptDecision, made: Replay) -> str:
    """The first member of the two replies that is not equal."""
    then, now = json.decode(kept.reply), json.decode(made.reply)
    for name in then | now:
        if then.get(name) != now.get(name):
            return f"{name}: {then.get(name)!r} then, {now.get(name)!r} now"
    return "the bytes differ, the members do not"


def _features(kept: KeptDecision, contributions: list[float] | None) -> list[SeenFeature]:
    """Strongest first."""
    if kept.vector is None:
        return []
    values = memoryview(kept.vector).cast("f")
    currency = json.decode(kept.request)["currency"]
    shares: Sequence[float | None] = contributions or [None] * len(FEATURES)
    seen = [
        _feature(feature, value, kept.evidence.normals.get(feature.name), share, currency)
        for feature, value, share in zip(FEATURES, values, shares[: len(FEATURES)], strict=True)
    ]
    return sorted(seen, key=lambda one: -abs(one.contribution or 0.0))


def _feature(
    feature: Feature, value: float, normal: float | None, contribution: float | None, currency: str
) -> SeenFeature:
    return SeenFeature(
        name=feature.name,
        value=None if isnan(value) else value,
        normal=normal,
        contribution=contribution,
        sentence=sentence(feature, value, normal, currency),
    )


def _rules(connection: psycopg.Connection, kept: KeptDecision) -> list[SeenRule]:
    return [SeenRule(hit=hit, expression=_expression(connection, hit)) for hit in kept.rules]


def _expression(connection: psycopg.Connection, hit: RuleHit) -> str:
    wanted = {"rule_id": hit.rule_id, "version": hit.version}
    row = connection.execute(query("rule_expression"), wanted).fetchone()
    return str(row[0]) if row else ""


def _histories(kept: KeptDecision) -> dict[str, Known]:
    positions = kept.positions or {}
    return {
        kind: Known(epoch=epoch, version=version, positions=positions.get(kind, []))
        for kind, (epoch, version) in kept.histories.items()
    }


def _outcomes(connection: psycopg.Connection, kept: KeptDecision) -> list[RecordedOutcome]:
    cursor = connection.cursor(row_factory=dict_row)
    rows = cursor.execute(query("find_outcomes"), {"transaction_id": kept.transaction_id}).fetchall()
    return [convert(row, RecordedOutcome) for row in rows]


def _labels(connection: psycopg.Connection, kept: KeptDecision) -> list[AnalystLabel]:
    cursor = connection.cursor(row_factory=dict_row)
    rows = cursor.execute(query("find_labels"), {"decision_id": kept.decision_id}).fetchall()
    return [convert(row, AnalystLabel) for row in rows]
