"""What is said arrives as it was said."""

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import MsgspecError

from app.scorer_messages import (
    LONGEST_TEXT,
    MOST_BYTES,
    Hello,
    Refusal,
    answer,
    failure,
    greeting,
    question,
    read_answer,
    read_greeting,
    read_question,
)
from domain.catalogue import FEATURE_NAMES

NUMBERS = st.integers(0, 2**64 - 1)
HELLO = Hello(version="mdl_a", kind="compiled", thresholds={"review": 0.1, "challenge": 0.2, "decline": 0.3})


@pytest.mark.parametrize("said", [HELLO, Refusal(text="no model: train one")])
def test_a_greeting_arrives(said: Hello | Refusal) -> None:
    assert read_greeting(greeting(said)) == said


@pytest.mark.parametrize("noise", [b"", b"\xc1", b"hello", b"\x80"])
def test_noise_is_no_greeting(noise: bytes) -> None:
    with pytest.raises(MsgspecError):
        read_greeting(noise)


@given(NUMBERS, st.booleans(), st.lists(st.floats(width=32)))
def test_a_question_arrives_bit_by_bit(number: int, explained: bool, values: list[float]) -> None:
    asked = array("f", values)
    read_number, read_explained, read = read_question(question(number, asked, explained=explained))
    assert (read_number, read_explained, read.typecode) == (number, explained, "f")
    assert read.tobytes() == asked.tobytes()


@given(NUMBERS, st.floats(), st.lists(st.floats()))
def test_an_answer_arrives_bit_by_bit(number: int, probability: float, contributions: list[float]) -> None:
    read_number, said = read_answer(answer(number, probability, contributions))
    assert isinstance(said, array)
    assert read_number == number
    assert said.tobytes() == array("d", [probability, *contributions]).tobytes()


@given(NUMBERS, st.text())
def test_a_failure_arrives(number: int, text: str) -> None:
    assert read_answer(failure(number, text)) == (number, text)


def test_the_longest_text_fits_into_a_message() -> None:
    message = failure(1, "\N{PILE OF POO}" * 10_000)
    assert read_answer(message) == (1, "\N{PILE OF POO}" * LONGEST_TEXT)
    assert len(message) < MOST_BYTES
    assert len(greeting(Refusal(text="\N{PILE OF POO}" * LONGEST_TEXT))) < MOST_BYTES


def test_the_catalogue_fits_into_a_message_many_times() -> None:
    size = len(FEATURE_NAMES)
    assert len(answer(1, 0.5, [0.0] * (size + 1))) < MOST_BYTES / 10
    assert len(question(1, array("f", [0.0] * size))) < MOST_BYTES / 10
