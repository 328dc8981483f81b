"""Decisions, and echoes of the same payload, as whole requests."""

from collections.abc import Iterator, Mapping
from itertools import islice

from msgspec import json

from app.requests import TransactionRequest
from deploy.bench.load.connections import Call
from deploy.bench.load.loops import Due
from deploy.bench.load.wire import post

DECISION, ECHO = "decision", "echo"
DECISIONS_PATH, ECHO_PATH = "/v1/transactions", "/echo"
ECHO_EVERY = 10


def decision_call(request: TransactionRequest, host: str, headers: Mapping[str, str]) -> Call:
    keyed = {**headers, "Idempotency-Key": request.transaction_id}
    return Call(DECISION, post(DECISIONS_PATH, json.encode(request), host, keyed))


def echo_call(request: TransactionRequest, host: str, headers: Mapping[str, str]) -> Call:
    keyed = {**headers, "Idempotency-Key": request.transaction_id}
    return Call(ECHO, post(ECHO_PATH, json.encode(request), host, keyed), keeps_body=False)


def schedule(
    requests: Iterator[TransactionRequest],
    *,
    rate: float,
    seconds: float,
    host: str,
    headers: Mapping[str, str],
    echoes: bool,
) -> list[Due]:
    """A decision every 1/rate seconds; beside every tenth, half-way to the next, its echo."""
    dues = []
    for number, request in enumerate(islice(requests, round(rate * seconds))):
        dues.append(Due(number / rate, decision_call(request, host, headers)))
        if echoes and number % ECHO_EVERY == 0:
            dues.append(Due((number + 0.5) / rate, echo_call(request, host, headers)))
    return dues
