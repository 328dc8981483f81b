import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from site_of_fakes import JSON, Site

from app import problems
from app.operations import OPERATIONS

pytestmark = pytest.mark.anyio
OPERATION_IDS = [operation.endpoint for operation in OPERATIONS]


@pytest.fixture
async def document(site: Site) -> Any:
    return (await site.http.get("/openapi.json")).json()


def operation_of(document: Any, operation_id: str) -> Any:
    [found] = [
        operation
        for methods in document["paths"].values()
        for operation in methods.values()
        if operation["operationId"] == operation_id
    ]
    return found


async def test_every_operation_is_described(document: Any) -> None:
    assert {path: list(methods) for path, methods in document["paths"].items()} == {
        "/v1/transactions": ["post"],
        "/v1/transactions/{transaction_id}/outcome": ["post"],
        "/v1/decisions/{decision_id}": ["get"],
        "/v1/decisions/{decision_id}/why": ["get"],
        "/v1/decisions/{decision_id}/label": ["post"],
        "/healthz": ["get"],
        "/readyz": ["get"],
        "/metrics": ["get"],
    }


async def test_every_reference_leads_somewhere(document: Any) -> None:
    references = set(re.findall(r"'\$ref': '#/components/(\w+/\w+)'", str(document)))
    assert {"schemas/TransactionRequest", "schemas/Reply", "headers/RetryAfter"} <= references
    components = document["components"]
    assert all(name in components[kind] for kind, name in (each.split("/") for each in references))


async def test_the_body_is_described_as_strictly_as_it_is_read(document: Any) -> None:
    request = document["components"]["schemas"]["TransactionRequest"]
    assert request["additionalProperties"] is False
    assert "transaction_id" in request["required"]
    assert request["properties"]["amount_minor"]["exclusiveMinimum"] == 0
    for later in ("promo_id", "email_hash"):
        assert later in request["properties"]
        assert later not in request["required"]


async def test_a_reply_always_holds_all_its_fields(document: Any) -> None:
    reply = document["components"]["schemas"]["Reply"]
    assert set(reply["required"]) == set(reply["properties"])


async def test_a_decision_names_its_key_its_scope_and_what_may_follow(document: Any) -> None:
    decide = operation_of(document, "decide")
    headers = {parameter["name"]: parameter["required"] for parameter in decide["parameters"]}
    assert headers == {"Idempotency-Key": True, "Faregate-Signature": False}
    assert decide["security"] == [{"apiKey": ["decide"]}]
    assert "Idempotency-Replayed" in decide["responses"]["200"]["headers"]
    assert set(decide["responses"]["200"]["links"]) == {
        "report_outcome", "find_decision", "explain_decision", "label_decision",
    }  # fmt: skip
    assert set(decide["responses"]) == {
        "200", "400", "401", "403", "408", "409", "413", "415", "422", "429", "503",
    }  # fmt: skip


@pytest.mark.parametrize("operation_id", OPERATION_IDS)
async def test_links_lead_to_operations_and_their_parameters(document: Any, operation_id: str) -> None:
    for response in operation_of(document, operation_id)["responses"].values():
        for link in response.get("links", {}).values():
            target = operation_of(document, link["operationId"])
            assert set(link["parameters"]) <= {parameter["name"] for parameter in target["parameters"]}


@pytest.mark.parametrize("operation_id", OPERATION_IDS)
async def test_every_example_is_of_its_schema(document: Any, operation_id: str) -> None:
    operation = operation_of(document, operation_id)
    described = [operation.get("requestBody", {}), *operation["responses"].values()]
    contents = [content for each in described for content in each.get("content", {}).values()]
    assert contents
    for content in contents:
        validator = Draft202012Validator(content["schema"] | {"components": document["components"]})
        for example in content.get("examples", {}).values():
            validator.validate(example["value"])


@pytest.mark.parametrize("operation_id", OPERATION_IDS)
async def test_refusals_say_when_to_come_back_and_how_to_authenticate(
    document: Any, operation_id: str
) -> None:
    for status, response in operation_of(document, operation_id)["responses"].items():
        if problems.CONTENT_TYPE not in response["content"]:
            continue
        assert ("Retry-After" in response.get("headers", {})) == (status in ("409", "429", "503"))
        assert ("WWW-Authenticate" in response.get("headers", {})) == (status == "401")


def test_every_problem_but_those_of_the_router_belongs_to_an_operation() -> None:
    told = {problem for operation in OPERATIONS for problem in operation.all_refusals()}
    assert set(problems.ALL) - told == {
        problems.NOT_FOUND, problems.METHOD_NOT_ALLOWED, problems.UNEXPECTED,
    }  # fmt: skip


async def test_the_example_of_a_payment_is_read_as_one(site: Site, document: Any) -> None:
    content = operation_of(document, "decide")["requestBody"]["content"]["application/json"]
    example = content["examples"]["usual"]["value"]
    response = await site.http.post(
        "/v1/transactions", json=example, headers=JSON | {"Idempotency-Key": "k1"}
    )
    assert response.json()["field"] == "requested_at"  # its time has long passed


async def test_the_page_shows_all_of_it_and_loads_nothing_from_elsewhere(site: Site, document: Any) -> None:
    page = (await site.http.get("/docs")).text
    assert all(path in page for path in document["paths"])
    assert all(f"id='{name}'" in page for name in document["components"]["schemas"])
    assert "Idempotency-Key" in page
    assert not re.search(r"(src|href)=.?https?:", page)
