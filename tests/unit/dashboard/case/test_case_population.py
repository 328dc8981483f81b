from math import nan

import numpy as np
import pytest
from case_factories import a_closed_case, a_subject, a_vector

from dashboard.views.case import population, similar
from dashboard.views.case.population import Population, decoded
from domain.catalogue import FEATURES

INDEX = {feature.name: index for index, feature in enumerate(FEATURES)}


def of(name: str, *values: float) -> Population:
    found = Population.of([a_vector(**{name: value}) for value in values])
    assert found
    return found


def test_a_place_counts_equals_half() -> None:
    found = of("amount", 1.0, 2.0, 2.0, 3.0)
    places = [found.place(INDEX["amount"], value) for value in (0.0, 1.0, 2.0, 9.0)]
    assert places == [0.0, 0.125, 0.5, 1.0]
    assert found.same(INDEX["amount"], 2.0) == 0.5


def test_unknown_values_are_no_places() -> None:
    found = of("account_age", nan, nan, 4.0, 5.0)
    assert found.unknown(INDEX["account_age"]) == 0.5
    nobody = of("account_age", nan)
    assert nobody.place(INDEX["account_age"], 1.0) is None
    assert nobody.same(INDEX["account_age"], 1.0) == 0.0
    assert np.isfinite(nobody.spreads).all()


def test_vectors_of_other_features_are_left_out() -> None:
    assert Population.of([b"\x00\x00\x80?"]) is None
    assert decoded(None) is None


def test_strips_begin_with_the_reasons_and_then_tell_what_stands_out() -> None:
    found = of("card_payments_5m", *(float(value) for value in range(100)))
    vector = decoded(a_vector(card_payments_5m=99.0, amount=1.0))
    assert vector is not None
    strips = population.strips(found, vector, ["amount", "request_amount"], "USD")
    assert len(strips) == population.SHOWN
    assert (strips[0].name, strips[0].is_reason, strips[0].note) == ("amount", True, "as 100 %")
    second = strips[1]
    assert (second.name, second.note, second.stands_out) == ("card payments 5m", "above nearly all", True)
    assert "half of the last 100 payments" in population.markup_of(strips, found.size)


@pytest.mark.parametrize(
    ("value", "note"),
    [(nan, "unknown, as of 0 % of payments"), (-5.0, "below nearly all"), (30.0, "below 70 %")],
)
def test_a_note_says_where_a_value_stands(value: float, note: str) -> None:
    found = of("amount", *(float(each) for each in range(100)))
    vector = decoded(a_vector(amount=value))
    assert vector is not None
    [strip, *_] = population.strips(found, vector, ["amount"], "USD")
    assert strip.note == note
    assert (strip.place is None) == bool(np.isnan(value))


def test_a_value_that_nobody_else_has() -> None:
    vector = decoded(a_vector(amount=3.0))
    assert vector is not None
    [strip, *_] = population.strips(of("amount", nan), vector, ["amount"], "USD")
    assert strip.note == "nobody else has one"


def test_the_nearest_cases_come_first() -> None:
    found = of("amount", *(float(value) for value in range(100)))
    cases = [
        a_closed_case(decision_id="dec_far", vector=a_vector(amount=90.0)),
        a_closed_case(decision_id="dec_near", vector=a_vector(amount=12.0)),
        a_closed_case(decision_id="dec_same", vector=a_vector(amount=10.0)),
        a_closed_case(decision_id="dec_unknown", vector=a_vector(amount=nan)),
        a_closed_case(decision_id="dec_other", vector=b""),
    ]
    vector = decoded(a_vector(amount=10.0))
    assert vector is not None
    nearest = similar.nearest(vector, cases, found)
    assert [alike.case.decision_id for alike in nearest] == ["dec_same", "dec_near", "dec_unknown", "dec_far"]
    assert nearest[0].likeness == 1.0
    assert len(similar.nearest(vector, cases * 2, None)) == similar.SHOWN


def test_similar_cases_tell_how_they_ended() -> None:
    cases = [a_closed_case(), a_closed_case(decision_id="dec_<", closed_by="chargeback", closed_by_name=None)]
    shown = similar.markup_of(a_subject(), cases, None)
    for piece in ("fraud: stolen card", "$50.00", "24 h ago", "chargeback", "dec_&lt;"):
        assert piece in shown
    assert similar.NOBODY in similar.markup_of(a_subject(vector=None), cases, None)
