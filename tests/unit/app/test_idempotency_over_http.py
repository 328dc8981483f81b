"""One key, one answer: what callers see of it."""

import pytest
from factories import a_live_body
from msgspec import json
from site_of_fakes import JSON, LIVE, OTHER, PATH, Site, bearing

pytestmark = pytest.mark.anyio


async def test_a_retry_gets_the_same_bytes_and_is_told_so(site: Site) -> None:
    body = a_live_body()
    first, again = [await site.ask(body, key="k1") for _ in range(2)]
    assert "Idempotency-Replayed" not in first.headers
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (200, "true")
    assert first.content == again.content


async def test_a_retry_written_in_another_way_is_the_same_request(site: Site) -> None:
    body = a_live_body()
    other_way = json.encode(dict(reversed(json.decode(body).items())))
    first, again = await site.ask(body, key="k1"), await site.ask(other_way, key="k1")
    assert first.content == again.content


async def test_the_same_transaction_under_another_key_is_a_repeat_too(site: Site) -> None:
    body = a_live_body()
    first, again = [await site.ask(body, key=key) for key in ("k1", "k2")]
    assert first.content == again.content
    assert again.headers["Idempotency-Replayed"] == "true"


async def test_another_body_under_a_key_is_refused(site: Site) -> None:
    await site.ask(a_live_body(), key="k1")
    response = await site.ask(a_live_body(), key="k1")
    assert (response.status_code, response.json()["type"]) == (422, "/problems/idempotency-key-reused")
    assert response.json()["field"] == "Idempotency-Key"
    assert len(site.ledger.decisions) == 1


async def test_a_key_belongs_to_its_tenant(site: Site) -> None:
    first = await site.ask(a_live_body(), key="k1")
    other = await site.ask(a_live_body(), key="k1", **bearing(OTHER))
    assert (first.status_code, other.status_code) == (200, 200)
    assert first.json()["decision_id"] != other.json()["decision_id"]


async def test_both_keys_of_a_tenant_know_what_either_decided(site: Site) -> None:
    """A key is replaced by another while retries are still on their way."""
    body = a_live_body()
    first, again = await site.ask(body, key="k1"), await site.ask(body, key="k1", **bearing(LIVE))
    assert first.content == again.content


async def test_without_a_key_nothing_is_decided(site: Site) -> None:
    response = await site.http.post(PATH, content=a_live_body(), headers=JSON)
    assert (response.status_code, response.json()["type"]) == (400, "/problems/idempotency-key-missing")
    assert site.ledger.decisions == {}


@pytest.mark.parametrize(
    "key", ["", " ", "a b", "a\tb", "a" * 201, "caf\xe9", "4111111111111111", "4111-1111-1111-1111"]
)
async def test_a_key_that_cannot_be_used_is_refused(site: Site, key: str) -> None:
    headers = JSON | {"Idempotency-Key": key.encode("latin-1")}
    response = await site.http.post(PATH, content=a_live_body(), headers=headers)
    assert (response.status_code, response.json()["type"]) == (422, "/problems/idempotency-key-malformed")
    assert "4111" not in response.text


async def test_two_keys_at_once_are_refused(site: Site) -> None:
    headers = [*JSON.items(), ("Idempotency-Key", "k1"), ("Idempotency-Key", "k2")]
    response = await site.http.post(PATH, content=a_live_body(), headers=headers)
    assert response.json()["type"] == "/problems/idempotency-key-malformed"


@pytest.mark.parametrize("key", ["a", "a" * 200, "!~\"'<>;--"])
async def test_any_visible_key_is_taken(site: Site, key: str) -> None:
    assert (await site.ask(a_live_body(), key=key)).status_code == 200
