"""What the API and its scorer say to each other: one message a packet, in this machine's own byte order.

The scorer greets once with a Hello or a Refusal (msgpack). A question is a number, whether to explain, and a
float32 vector; its answer is the number, a status, and the probability and, when explained, the contributions
as float64, or what went wrong as text.
"""

from array import array
from collections.abc import Sequence
from struct import Struct as Layout

from msgspec import Struct, msgpack

MOST_BYTES = 16 * 1024
LONGEST_TEXT = 2_000  # characters
_QUESTION = Layout("=Q?")
_ANSWER = Layout("=QB")
_SCORED, _FAILED = 0, 1


class Hello(Struct, frozen=True, kw_only=True, tag="hello"):
    """The model that scores from now on; `thresholds` by name."""

    version: str
    kind: str
    thresholds: dict[str, float]


class Refusal(Struct, frozen=True, kw_only=True, tag="refusal"):
    """Why there is no model."""

    text: str


_greeting: msgpack.Decoder[Hello | Refusal] = msgpack.Decoder(Hello | Refusal)


def greeting(said: Hello | Refusal) -> bytes:
    return msgpack.encode(said)


def read_greeting(message: bytes) -> Hello | Refusal:
    """Raises msgspec.MsgspecError."""
    return _greeting.decode(message)


def question(number: int, values: "array[float]", *, explained: bool = True) -> bytes:
    return _QUESTION.pack(number, explained) + values.tobytes()


def read_question(message: bytes) -> "tuple[int, bool, array[float]]":
    number, explained = _QUESTION.unpack_from(message)
    return number, explained, array("f", message[_QUESTION.size :])


def answer(number: int, probability: float, contributions: Sequence[float] = ()) -> bytes:
    return _ANSWER.pack(number, _SCORED) + array("d", (probability, *contributions)).tobytes()


def failure(number: int, text: str) -> bytes:
    return _ANSWER.pack(number, _FAILED) + text[:LONGEST_TEXT].encode()


def read_answer(message: bytes) -> "tuple[int, array[float] | str]":
    """The number, and the probability followed by the contributions, or what went wrong."""
    number, status = _ANSWER.unpack_from(message)
    rest = message[_ANSWER.size :]
    return number, array("d", rest) if status == _SCORED else rest.decode()
