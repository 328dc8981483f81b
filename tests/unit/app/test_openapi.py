import re
from typing import Any

import pytest
from site_of_fakes import Site

pytestmark = pytest.mark.anyio


@pytest.fixture
async def document(site: Site) -> Any:
    return (await site.http.get("/openapi.json")).json()


async def test_every_operation_is_described(document: Any) -> None:
    assert {path: list(methods) for path, methods in document["paths"].items()} == {
        "/v1/transactions": ["post"],
        "/v1/transactions/{transaction_id}/outcome": ["post"],
        "/v1/decisions/{decision_id}": ["get"],
        "/healthz": ["get"],
        "/readyz": ["get"],
        "/metrics": ["get"],
    }


async def test_every_reference_leads_somewhere(document: Any) -> None:
    references = set(re.findall(r"'\$ref': '#/components/schemas/(\w+)'", str(document)))
    assert {"TransactionRequest", "Reply", "ProblemBody", "Reason"} <= references
    assert references <= set(document["components"]["schemas"])


async def test_the_body_is_described_as_strictly_as_it_is_read(document: Any) -> None:
    request = document["components"]["schemas"]["TransactionRequest"]
    assert request["additionalProperties"] is False
    assert "transaction_id" in request["required"]
    assert request["properties"]["amount_minor"]["exclusiveMinimum"] == 0
    assert "promo_id" in request["properties"]
    assert "promo_id" not in request["required"]


async def test_paths_name_their_parameters(document: Any) -> None:
    operation = document["paths"]["/v1/decisions/{decision_id}"]["get"]
    assert [parameter["name"] for parameter in operation["parameters"]] == ["decision_id"]
    assert set(operation["responses"]) == {"200", "404", "503"}


async def test_the_page_shows_all_of_it_and_loads_nothing_from_elsewhere(site: Site, document: Any) -> None:
    page = (await site.http.get("/docs")).text
    assert all(path in page for path in document["paths"])
    assert all(f"id='{name}'" in page for name in document["components"]["schemas"])
    assert not re.search(r"(src|href)=.?https?:", page)
