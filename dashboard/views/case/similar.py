"""Past cases that looked most like this one, and how they ended."""

from collections.abc import Sequence
from html import escape

import numpy as np
from msgspec import Struct

from app.desk.fraud_types import FRAUD_TYPES
from app.desk.telling import CHARGEBACK
from dashboard import addresses, markup
from dashboard.markup import head
from dashboard.views.case.population import Population, Vector, decoded, whole_percent
from dashboard.views.case.readings import ClosedCase, Subject
from domain.display import duration_ms
from domain.events import to_ms
from domain.money import format_money

SHOWN = 5
FARTHEST = 3.0  # a difference of more spreads than this says no more than this
ENDED = {"fraud": "fraud", "good": "good", "cannot_tell": "nobody could tell"}
NOBODY = "No closed case had the same strongest reason yet."


class Alike(Struct, frozen=True, kw_only=True):
    """`likeness` is 1 for equal values, 0 for values that could not differ more."""

    case: ClosedCase
    likeness: float


def nearest(
    vector: Vector, cases: Sequence[ClosedCase], population: Population | None, most: int = SHOWN
) -> list[Alike]:
    """By the distance of their values, each in spreads of the population.

    Cases that were decided by other features are left out.
    """
    found = [
        Alike(case=case, likeness=_likeness(vector, other, population))
        for case in cases
        if (other := decoded(case.vector)) is not None
    ]
    return sorted(found, key=lambda alike: (-alike.likeness, alike.case.decision_id))[:most]


def markup_of(subject: Subject, cases: Sequence[ClosedCase], population: Population | None) -> str:
    vector = decoded(subject.vector)
    found = [] if vector is None else nearest(vector, cases, population)
    if not found:
        return f"<p class='fg-soft fg-small'>{NOBODY}</p>"
    rows = "".join(_row(alike, subject) for alike in found)
    names = head("#Alike", "Ended as", "#Amount", "", "By", "When")
    return f"<table class='fg-table fg-dense'>{names}<tbody>{rows}</tbody></table>"


def _row(alike: Alike, subject: Subject) -> str:
    case = alike.case
    kind = FRAUD_TYPES.get(case.fraud_type or "", "")
    ended = ENDED[case.resolution] + (f": {kind}" if kind else "")
    ago = duration_ms(max(0, to_ms(subject.now) - to_ms(case.closed_at)))
    style = "fg-ended fg-" + case.resolution
    return (
        f"<tr><td class='fg-number'>{addresses.to_case(case.decision_id, whole_percent(alike.likeness))}</td>"
        f"<td><span class='{style}'>{escape(ended)}</span></td>"
        f"<td class='fg-number'>{escape(format_money(case.amount_minor, case.currency))}</td>"
        f"<td>{markup.verdict(case.verdict)}</td>"
        f"<td>{escape(_by(case))}</td><td class='fg-soft'>{ago} ago</td></tr>"
    )


def _by(case: ClosedCase) -> str:
    return case.closed_by_name or ("chargeback" if case.closed_by == CHARGEBACK else "a key")


def _likeness(vector: Vector, other: Vector, population: Population | None) -> float:
    spreads = 1.0 if population is None else population.spreads
    apart = np.abs(vector.astype(np.float64) - other) / spreads
    one_unknown = np.isnan(vector) != np.isnan(other)
    apart = np.where(one_unknown, 1.0, np.nan_to_num(apart, nan=0.0))
    return float(1 - np.minimum(apart, FARTHEST).mean() / FARTHEST)
