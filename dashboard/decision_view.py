"""One decision for people: why, on what, by what, and what became of it."""

from array import array
from math import isnan

from msgspec import Struct

from dashboard.readings import DecisionDetail
from dashboard.wording import OUTCOMES, footing
from domain.catalogue import FEATURES, Feature
from domain.display import duration_ms, percent, timestamp
from domain.events import to_ms
from domain.money import format_money
from domain.reasons import Reason, written

_BY_NAME = {feature.name: feature for feature in FEATURES}


class ReasonView(Struct, frozen=True, kw_only=True):
    """`push` is the part of the strongest push, 0 to 1."""

    sentence: str
    value: str
    usual: str
    push: float
    contribution: str


class Fact(Struct, frozen=True, kw_only=True):
    name: str
    value: str


def reasons(detail: DecisionDetail) -> list[ReasonView]:
    strongest = max((reason.contribution for reason in detail.reasons), default=0.0)
    return [
        ReasonView(
            sentence=capitalised(reason.sentence),
            value=_value(reason, reason.value, detail.currency) or "unknown",
            usual=_value(reason, reason.normal, detail.currency),
            push=reason.contribution / strongest if strongest > 0 else 0.0,
            contribution=f"{reason.contribution:+.2f}",
        )
        for reason in detail.reasons
    ]


def parties(detail: DecisionDetail) -> list[Fact]:
    return [
        Fact(name="Rider", value=detail.user_id),
        Fact(name="Card", value=detail.card_id),
        Fact(name="Device", value=detail.device_id),
        Fact(name="Driver", value=detail.driver_id),
        Fact(name="Ride", value=detail.ride_id),
        Fact(name="Route", value=f"{detail.pickup_zone} → {detail.dropoff_zone}"),
        Fact(name="Transaction", value=detail.transaction_id),
    ]


def provenance(detail: DecisionDetail) -> list[Fact]:
    return [
        Fact(name="Decided", value=timestamp(to_ms(detail.decided_at))),
        Fact(name="Took", value=duration_ms(detail.latency_us / 1000)),
        Fact(name="Footing", value=footing(detail.rung, detail.rung_reason)),
        Fact(name="Feature age", value=_age(detail.feature_age_ms)),
        Fact(name="Model", value=_model(detail)),
        Fact(name="Histories read", value=_histories(detail)),
    ]


def likelihood(detail: DecisionDetail) -> str:
    """What the score stands for."""
    if detail.probability is None:
        return f"score {detail.score}, by points: no model stood behind it"
    return f"score {detail.score}, fraud probability {percent(detail.probability)}"


def outcomes(detail: DecisionDetail) -> list[str]:
    return [
        f"{timestamp(to_ms(row.occurred_at))}: {OUTCOMES[row.outcome]}, "
        f"{format_money(row.amount_minor, detail.currency)}"
        + (f" (reason {row.reason_code})" if row.reason_code else "")
        for row in detail.outcomes
    ]


def feature_values(detail: DecisionDetail) -> list[Fact] | None:
    """What the model read, feature by feature; None when this release knows other features."""
    values = array("f")
    if detail.vector is None or len(detail.vector) != len(FEATURES) * values.itemsize:
        return None
    values.frombytes(detail.vector)
    return [
        Fact(
            name=feature.name.replace("_", " "),
            value="unknown" if isnan(value) else written_value(feature, value, detail.currency),
        )
        for feature, value in zip(FEATURES, values, strict=True)
    ]


def why(of: list[Reason]) -> str:
    return " ".join(f"{capitalised(reason.sentence)}." for reason in of) or "No reason was kept."


def capitalised(sentence: str) -> str:
    return f"{sentence[:1].upper()}{sentence[1:]}"


def _value(reason: Reason, value: float | None, currency: str) -> str:
    if value is None:
        return ""
    feature = _BY_NAME.get(reason.code)
    if feature is None:  # the policies without a model have reasons of their own, all in money
        return format_money(round(value), currency)
    return written_value(feature, value, currency)


def written_value(feature: Feature, value: float, currency: str) -> str:
    if feature.unit == "flag":
        return "yes" if value else "no"
    return written(feature.unit, value, currency)


def _age(age_ms: int | None) -> str:
    return "not known" if age_ms is None else duration_ms(age_ms)


def _model(detail: DecisionDetail) -> str:
    if detail.model_version is None:
        return "none"
    return f"{detail.model_version} ({detail.scorer_kind})" if detail.scorer_kind else detail.model_version


def _histories(detail: DecisionDetail) -> str:
    read = (
        ("card", detail.card_epoch, detail.card_version),
        ("rider", detail.user_epoch, detail.user_version),
        ("profile", detail.profile_epoch, detail.profile_version),
    )
    return ", ".join(
        f"no {name}" if version is None else f"{name} version {epoch}.{version}"
        for name, epoch, version in read
    )
