"""HTTP/1.1 as the load client needs it: whole requests as bytes, an answer found in a buffer."""

from collections.abc import Mapping
from typing import NamedTuple

_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"\r\ncontent-length:"
LONGEST_ANSWER = 1024 * 1024


class Unreadable(ValueError):
    """What came is no HTTP answer with a length."""


class Answered(NamedTuple):
    status: int
    body: bytes
    closes: bool  # the server ends the connection after it


def post(path: str, body: bytes, host: str, headers: Mapping[str, str]) -> bytes:
    """One whole request with a JSON body."""
    lines = (f"POST {path} HTTP/1.1", f"Host: {host}", "Content-Type: application/json")
    more = (f"{name}: {value}" for name, value in headers.items())
    head = "\r\n".join((*lines, *more, f"Content-Length: {len(body)}"))
    return head.encode("ascii") + _END_OF_HEAD + body


def answer_in(received: bytes) -> Answered | None:
    """The answer, or None while a part of it is to come; raises Unreadable."""
    if len(received) > LONGEST_ANSWER:
        raise Unreadable("the answer is too long")
    head, end, body = received.partition(_END_OF_HEAD)
    if not end:
        return None
    if not head.startswith(b"HTTP/1.") or not head[9:12].isdigit():
        raise Unreadable("it does not begin with a status line")
    head = head.lower()
    missing = _length(head) - len(body)
    if missing < 0:
        raise Unreadable("more came than was announced")
    if missing:
        return None
    return Answered(int(head[9:12]), body, b"\r\nconnection: close" in head)


def _length(head: bytes) -> int:
    _, found, rest = head.partition(_LENGTH)
    text = rest.partition(b"\r\n")[0].strip()
    if not found or not text.isdigit():
        raise Unreadable("it has no Content-Length")
    return int(text)
