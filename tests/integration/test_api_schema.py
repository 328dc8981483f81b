"""The API as its own document says it is: whatever is sent, no 5xx and no answer that is not described."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import schemathesis
from api_fleet import fleet
from bad_bodies import BAD, GOOD
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy
from schemathesis import Case, GenerationMode
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import positive_data_acceptance

PATH = "/v1/transactions"
# Not every body of the right form is accepted: its time must be near, its currency ours.
LEFT_OUT = [positive_data_acceptance]
TABLES = ("decisions", "idempotency", "outcomes", "labels", "outbox", "inflight")


@dataclass(frozen=True, kw_only=True)
class Api:
    """A running process, and headers that call it with a test key of every scope."""

    url: str
    headers: dict[str, str]


@pytest.fixture
def api(conninfo: Callable[[str], str], tmp_path: Path) -> Iterator[Api]:
    unhurried = {"FAREGATE_DEADLINE_MS": "2000"}  # tests run on busy machines
    owner, role = conninfo("faregate_owner"), conninfo("faregate_api")
    with fleet(owner, role, tmp_path / "host", **unhurried) as started:
        port = started.start()
        started.wait_ready(port)
        bearing = {"Authorization": f"Bearer {started.secret}"}
        yield Api(url=f"http://127.0.0.1:{port}", headers=bearing)


def _counts(conninfo: Callable[[str], str]) -> dict[str, int]:
    with psycopg.connect(conninfo("faregate_owner")) as connection:
        return {
            table: connection.execute(f"select count(*) from {table}".encode()).fetchone()[0]  # type: ignore[index]  # noqa: S608 - our names
            for table in TABLES
        }


def test_no_bad_body_leaves_a_row(api: Api, conninfo: Callable[[str], str]) -> None:
    before = _counts(conninfo)
    sent = api.headers | {"Content-Type": "application/json"}
    with httpx.Client(base_url=api.url, headers=sent, trust_env=False) as http:
        for number, (name, (body, slug, _)) in enumerate(BAD.items()):
            response = http.post(PATH, content=body, headers={"Idempotency-Key": f"bad-{number}"})
            assert response.json()["type"] == f"/problems/{slug}", name
            assert 400 <= response.status_code < 500, name
            assert response.json()["field"], name
            assert response.json()["next_step"], name
        assert _counts(conninfo) == before
        good = http.post(PATH, content=GOOD, headers={"Idempotency-Key": "good"})
    assert good.status_code == 200
    assert _counts(conninfo)["decisions"] == 1


def _made_acceptable(case: Case) -> None:
    """A generated payment is asked for just now, in our currency; all else stays as it was made."""
    body: Any = case.body
    if case.operation.definition.raw["operationId"] == "decide" and isinstance(body, dict):
        if isinstance(body.get("requested_at"), str):
            body["requested_at"] = datetime.now(UTC).isoformat()
        if isinstance(body.get("currency"), str) and body["currency"].isascii():
            body["currency"] = "USD"


def _made_new(case: Case) -> None:
    """A payment of its own: what a call is answered must not hang on the runs before it."""
    body: Any = case.body
    if case.operation.definition.raw["operationId"] == "decide" and isinstance(body, dict):
        fresh = f"txn_{secrets.token_hex(8).translate(str.maketrans('0123456789', 'ghijklmnop'))}"
        if isinstance(body.get("transaction_id"), str):
            body["transaction_id"] = fresh
        if case.headers and "Idempotency-Key" in case.headers:
            case.headers["Idempotency-Key"] = fresh


def _bounded(examples: int) -> settings:
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
        stateful_step_count=10,
    )


def _document(api: Api) -> BaseSchema:
    return schemathesis.openapi.from_url(f"{api.url}/openapi.json", headers=api.headers)


def _each_operation(api: Api, examples: int) -> dict[str, set[int]]:
    """Send each operation well-formed and malformed calls, and give the statuses that it answered with."""
    answered: dict[str, set[int]] = {}
    for found in _document(api).get_all_operations():
        operation = found.ok()
        takes_anything = operation.definition.raw.get("parameters") or operation.body
        for mode in GenerationMode if takes_anything else [GenerationMode.POSITIVE]:
            _send_many(api, operation.as_strategy(mode), examples, answered)
    return answered


def _send_many(api: Api, cases: SearchStrategy[Case], examples: int, answered: dict[str, set[int]]) -> None:
    @_bounded(examples)
    @given(case=cases)
    def sends(case: Case) -> None:
        _made_acceptable(case)
        response = case.call_and_validate(headers=api.headers, excluded_checks=LEFT_OUT)
        answered.setdefault(case.operation.label, set()).add(response.status_code)

    sends()


def _along_links(api: Api, examples: int) -> set[str]:
    """Follow the document's links from decisions on, and give the operations that a link led to."""
    followed: set[str] = set()

    class Calls(_document(api).include(path_regex="^/v1/").as_state_machine()):  # type: ignore[misc]  # made at run time
        def get_call_kwargs(self, _case: Case) -> dict[str, Any]:
            return {"headers": api.headers}

        def before_call(self, case: Case) -> None:
            _made_acceptable(case)
            _made_new(case)

        def after_call(self, response: Any, case: Case) -> None:
            if response.status_code < 300:
                followed.add(case.operation.label)

        def validate_response(self, response: Any, case: Case, **_given: Any) -> None:
            case.validate_response(response, excluded_checks=LEFT_OUT, headers=api.headers)

    Calls.run(settings=_bounded(examples))
    return followed


def test_every_operation_keeps_to_the_document(api: Api) -> None:
    answered = _each_operation(api, examples=12)
    assert {200, 422} <= answered["POST /v1/transactions"]


def test_links_of_the_document_lead_on(api: Api) -> None:
    followed = _along_links(api, examples=20)
    assert "POST /v1/transactions" in followed
    assert "GET /v1/decisions/{decision_id}" in followed


@pytest.mark.proof
@pytest.mark.timeout(1_800)
def test_the_document_holds_for_thousands_of_calls(api: Api) -> None:
    _each_operation(api, examples=400)
    assert len(_along_links(api, examples=300)) >= 5
