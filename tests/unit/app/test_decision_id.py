import re

import pytest
from factories import NOW_MS
from hypothesis import given
from hypothesis import strategies as st

from app.card_numbers import holds_card_number
from app.decision_id import as_of_ms_in, new_decision_id

INSTANTS = st.integers(min_value=0, max_value=16**12 - 1)


@given(INSTANTS)
def test_an_id_tells_when_it_was_decided(as_of_ms: int) -> None:
    assert as_of_ms_in(new_decision_id(as_of_ms)) == as_of_ms


@given(INSTANTS, INSTANTS)
def test_ids_rise_with_time(one: int, other: int) -> None:
    if one != other:
        assert (new_decision_id(one) < new_decision_id(other)) is (one < other)


@given(INSTANTS)
def test_an_id_holds_no_digits(as_of_ms: int) -> None:
    decision_id = new_decision_id(as_of_ms)
    assert re.fullmatch("dec_[a-z]{28}", decision_id)
    assert not holds_card_number(decision_id)


def test_two_of_the_same_instant_differ() -> None:
    assert len({new_decision_id(NOW_MS) for _ in range(1_000)}) == 1_000


KNOWN = new_decision_id(NOW_MS)


@pytest.mark.parametrize(
    "stranger",
    [
        "",
        "dec_",
        "dec_unknown",
        KNOWN[:-1],
        KNOWN + "b",
        f"dec_{NOW_MS:012x}{'b' * 16}",
        "dec_aeiouaeiouae" + "b" * 16,
        KNOWN[:4] + "é" + KNOWN[5:],
        KNOWN[:4] + KNOWN[4:].upper(),
    ],
    ids=range(9),  # the known one differs from process to process
)
def test_a_stranger_has_no_time(stranger: str) -> None:
    assert as_of_ms_in(stranger) is None
