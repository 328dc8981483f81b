import time
from datetime import UTC, datetime
from typing import Any

import pytest
from factories import a_live_body
from msgspec import json
from site_of_fakes import Site

from app.migrations import SchemaMismatch
from app.problems import BY_SLUG
from app.requests import MAX_BODY_BYTES
from domain.fold import is_late

pytestmark = pytest.mark.anyio
JSON = {"Content-Type": "application/json"}
OUTCOME = {"outcome": "captured", "occurred_at": "2026-01-01T00:00:00Z"}
PATH = "/v1/transactions"


def without(field: str) -> bytes:
    body: dict[str, Any] = json.decode(a_live_body())
    del body[field]
    return json.encode(body)


def place(**given: Any) -> dict[str, Any]:
    return {"zone": "zone_a", "lat": 1.0, "lon": 1.0, **given}


BAD_BODIES: dict[str, bytes] = {
    "nothing": b"",
    "not JSON": b"amount=12",
    "cut off": a_live_body()[:-2],
    "text after it": a_live_body() + b" x",
    "two objects": a_live_body() + a_live_body(),
    "byte order mark": b"\xef\xbb\xbf" + a_live_body(),
    "UTF-16": a_live_body().decode().encode("utf-16"),
    "not UTF-8": a_live_body().replace(b"usr_a", b"usr_\xff"),
    "lone surrogate": a_live_body().replace(b"usr_a", b"usr_\\ud800"),
    "null": b"null",
    "a list": b"[]",
    "a list of one": b"[" + a_live_body() + b"]",
    "a number": b"1",
    "deep nesting": b'{"transaction_id":' + b"[" * 20_000 + b"]" * 20_000 + b"}",
    "deep unknown": b'{"x":' + b'{"x":' * 8_000 + b"1" + b"}" * 8_001,
    "NaN amount": a_live_body().replace(b'"amount_minor":1850', b'"amount_minor":NaN'),
    "NaN latitude": a_live_body().replace(b"40.71", b"NaN"),
    "infinite latitude": a_live_body().replace(b"40.71", b"Infinity"),
    "overflowing latitude": a_live_body().replace(b"40.71", b"1e999"),
    "amount with a fraction": a_live_body(amount_minor=18.5),
    "amount as float": a_live_body().replace(b"1850", b"1850.0"),
    "amount as text": a_live_body(amount_minor="1850"),
    "amount as bool": a_live_body(amount_minor=True),
    "no amount": a_live_body(amount_minor=None),
    "zero": a_live_body(amount_minor=0),
    "negative": a_live_body(amount_minor=-1850),
    "beyond the largest": a_live_body(amount_minor=10**12 + 1),
    "huge number": a_live_body().replace(b"1850", b"9" * 400),
    "another currency": a_live_body(currency="EUR"),
    "no currency": a_live_body(currency="usd"),
    "currency with a newline": a_live_body(currency="USD\n"),
    "latitude": a_live_body(pickup=place(lat=90.5)),
    "longitude": a_live_body(pickup=place(lon=-180.5)),
    "zone of another kind": a_live_body(dropoff=place(zone="usr_a")),
    "unknown field in a place": a_live_body(dropoff=place(alt=3)),
    "place as text": a_live_body(pickup="zone_a"),
    "negative distance": a_live_body(distance_m=-1),
    "naive time": a_live_body().replace(b'Z"', b'"'),
    "time as number": without("requested_at")[:-1] + b',"requested_at":1790000000}',
    "far future": without("requested_at")[:-1] + b',"requested_at":"2126-01-01T00:00:00Z"}',
    "long ago": without("requested_at")[:-1] + b',"requested_at":"1996-01-01T00:00:00Z"}',
    "before all time": without("requested_at")[:-1] + b',"requested_at":"0001-01-01T00:00:00+14:00"}',
    "unknown field": a_live_body(verdict="approve"),
    "id without prefix": a_live_body(transaction_id="a"),
    "empty id": a_live_body(transaction_id="txn_"),
    "id in capitals": a_live_body(transaction_id="txn_ABC"),
    "id with a newline": a_live_body(transaction_id="txn_a\n"),
    "id with a NUL": a_live_body(transaction_id="txn_a\0"),
    "id with SQL": a_live_body(user_id="usr_'; drop table decisions --"),
    "long id": a_live_body(user_id="usr_" + "a" * 65),
    "card number": a_live_body(card_id="card_4111111111111111"),
    "key twice": a_live_body()[:-1] + b',"amount_minor":1}',
    "key twice, escaped": a_live_body()[:-1] + b',"amount\\u005fminor":1}',
    "one megabyte": b'{"transaction_id":"' + b"a" * 2**20 + b'"}',
    **{f"without {field}": without(field) for field in json.decode(a_live_body())},
}


@pytest.mark.parametrize("name", BAD_BODIES)
async def test_a_bad_body_is_a_problem_and_leaves_nothing(site: Site, name: str) -> None:
    response = await site.http.post(PATH, content=BAD_BODIES[name], headers=JSON)
    assert 400 <= response.status_code < 500
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == response.status_code
    assert BY_SLUG[problem["type"].removeprefix("/problems/")].title == problem["title"]
    assert problem["detail"]
    assert "4111111111111111" not in response.text
    assert (site.ledger.decisions, site.ledger.events) == ({}, [])


async def test_a_good_body_gets_a_verdict(site: Site) -> None:
    response = await site.http.post(PATH, content=a_live_body(transaction_id="txn_a"), headers=JSON)
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/json")
    assert list(response.json()) == [
        "decision_id", "transaction_id", "verdict", "score", "probability", "rung", "rung_reason",
        "feature_age_ms", "reasons", "versions", "decided_at",
    ]  # fmt: skip
    assert response.json()["rung"] == "R0"
    assert site.ledger.decisions["txn_a"].reply == response.content


async def test_the_same_body_again_gets_the_same_bytes(site: Site) -> None:
    body = a_live_body()
    first, again = [await site.http.post(PATH, content=body, headers=JSON) for _ in range(2)]
    assert first.content == again.content


async def test_another_body_for_the_same_transaction_is_a_conflict(site: Site) -> None:
    await site.http.post(PATH, content=a_live_body(transaction_id="txn_a"), headers=JSON)
    other = a_live_body(transaction_id="txn_a", amount_minor=7)
    response = await site.http.post(PATH, content=other, headers=JSON)
    assert (response.status_code, response.json()["type"]) == (409, "/problems/transaction-changed")


async def test_without_a_ledger_the_caller_is_told_when_to_come_back(site: Site) -> None:
    site.ledger.away = True
    response = await site.http.post(PATH, content=a_live_body(), headers=JSON)
    assert (response.status_code, response.headers["Retry-After"]) == (503, "1")
    assert response.json()["type"] == "/problems/unavailable"


async def test_a_fault_of_ours_is_a_problem_without_its_inside(site: Site) -> None:
    def breaks() -> None:
        raise RuntimeError("secret inside")

    site.features.before_read = breaks
    response = await site.http.post(PATH, content=a_live_body(), headers=JSON)
    assert (response.status_code, response.json()["type"]) == (500, "/problems/unexpected")
    assert "secret" not in response.text
    assert 'faregate_refusals_total{problem="unexpected"} 1.0' in (await site.http.get("/metrics")).text


@pytest.mark.parametrize(
    "headers",
    [{}, {"Content-Type": "text/plain"}, {**JSON, "Content-Encoding": "gzip"}],
)
async def test_only_plain_json_is_read(site: Site, headers: dict[str, str]) -> None:
    response = await site.http.post(PATH, content=a_live_body(), headers=headers)
    assert (response.status_code, site.ledger.decisions) == (415, {})


async def test_a_charset_may_be_named(site: Site) -> None:
    headers = {"Content-Type": "application/json; charset=utf-8"}
    assert (await site.http.post(PATH, content=a_live_body(), headers=headers)).status_code == 200


async def test_a_body_without_a_declared_length_is_cut_off_too(site: Site) -> None:
    taken = 0

    async def endless() -> Any:
        nonlocal taken
        while taken < 100:
            taken += 1
            yield b" " * 16_384

    response = await site.http.post(PATH, content=endless(), headers=JSON)
    assert response.status_code == 413


async def test_the_largest_body_is_read(site: Site) -> None:
    body = a_live_body()
    response = await site.http.post(PATH, content=body + b" " * (MAX_BODY_BYTES - len(body)), headers=JSON)
    assert response.status_code == 200


async def decided(site: Site, transaction_id: str = "txn_a") -> dict[str, Any]:
    body = a_live_body(transaction_id=transaction_id)
    reply: dict[str, Any] = (await site.http.post(PATH, content=body, headers=JSON)).json()
    return reply


async def test_an_outcome_is_taken_and_shown_with_its_decision(site: Site) -> None:
    reply = await decided(site)
    report = {**OUTCOME, "outcome": "chargeback", "reason_code": "10.4"}
    response = await site.http.post(f"{PATH}/txn_a/outcome", json=report)
    assert response.status_code == 202
    record = (await site.http.get(f"/v1/decisions/{reply['decision_id']}")).json()
    assert record["reply"] == reply
    assert record["request"]["transaction_id"] == "txn_a"
    [outcome] = record["outcomes"]
    assert outcome["outcome_id"] == response.json()["outcome_id"]
    assert (outcome["outcome"], outcome["amount_minor"]) == ("chargeback", 1_850)


async def test_an_old_chargeback_is_news_of_today(site: Site) -> None:
    """Its event is not late, or no history would ever learn of it."""
    await decided(site)
    await site.http.post(f"{PATH}/txn_a/outcome", json=OUTCOME)
    [event] = site.ledger.outcomes.values()
    assert event.occurred_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert not is_late(event, time.time_ns() // 1_000_000)


async def test_the_same_outcome_again_is_the_same_outcome(site: Site) -> None:
    await decided(site)
    first, again, other = [
        (await site.http.post(f"{PATH}/txn_a/outcome", json=report)).json()["outcome_id"]
        for report in (OUTCOME, OUTCOME, {**OUTCOME, "outcome": "refunded"})
    ]
    assert first == again != other
    assert len(site.ledger.outcomes) == 2


async def test_an_outcome_of_a_payment_never_decided_is_refused(site: Site) -> None:
    response = await site.http.post(f"{PATH}/txn_x/outcome", json=OUTCOME)
    assert (response.status_code, response.json()["type"]) == (404, "/problems/unknown-transaction")
    assert site.ledger.events == []


@pytest.mark.parametrize(
    ("method", "path", "status", "slug"),
    [
        ("GET", "/v1/decisions/dec_unknown", 404, "unknown-decision"),
        ("GET", "/v1/decisions/dec_4111111111111111", 422, "invalid-request"),
        ("GET", "/v1/decisions/other", 422, "invalid-request"),
        ("POST", f"{PATH}/usr_a/outcome", 422, "invalid-request"),
        ("GET", "/nothing", 404, "not-found"),
        ("GET", "/problems/nothing", 404, "not-found"),
        ("DELETE", PATH, 405, "method-not-allowed"),
        ("GET", PATH, 405, "method-not-allowed"),
    ],
)
async def test_every_other_refusal_is_a_problem_too(
    site: Site, method: str, path: str, status: int, slug: str
) -> None:
    response = await site.http.request(method, path, json=OUTCOME if method == "POST" else None)
    assert (response.status_code, response.json()["type"]) == (status, f"/problems/{slug}")
    assert response.headers["Content-Type"] == "application/problem+json"
    assert "4111" not in response.text
    if status == 405:
        assert response.headers["Allow"] == "POST"


@pytest.mark.parametrize("slug", BY_SLUG)
async def test_the_type_of_a_problem_is_a_page(site: Site, slug: str) -> None:
    page = await site.http.get(f"/problems/{slug}")
    assert page.status_code == 200
    assert page.headers["Content-Type"].startswith("text/html")
    assert BY_SLUG[slug].title in page.text


async def test_alive_says_which_instance(site: Site) -> None:
    assert (await site.http.get("/healthz")).json() == {"status": "alive", "instance": "instance-a"}


async def test_ready_when_everything_works(site: Site) -> None:
    response = await site.http.get("/readyz")
    assert response.status_code == 200
    assert response.json() == {
        "status": "ready", "decision": "ok", "ledger": "ok", "schema": "ok", "model": "ok",
        "model_version": "mdl_fake",
    }  # fmt: skip


async def test_degraded_when_a_decision_would_stumble(site: Site) -> None:
    site.features.away = True
    response = await site.http.get("/readyz")
    assert (response.status_code, response.json()["status"]) == (200, "degraded")
    assert response.json()["decision"] == "the fake is away"


async def test_not_ready_when_a_probe_fails(site: Site) -> None:
    site.fault = SchemaMismatch(1, 2)
    response = await site.http.get("/readyz")
    assert (response.status_code, response.json()["status"]) == (503, "unready")
    assert "schema version 1" in response.json()["schema"]


async def test_without_a_model_the_api_is_degraded_and_says_why() -> None:
    site = Site(model_refusal="refused: model.so is not the file that was written")
    async with site.connect() as http:
        response = await http.get("/readyz")
    assert (response.status_code, response.json()["status"]) == (200, "degraded")
    assert response.json()["model"].startswith("refused: model.so")


async def test_metrics_count_what_was_answered(site: Site) -> None:
    body = a_live_body()
    for _ in range(2):
        await site.http.post(PATH, content=body, headers=JSON)
    await site.http.post(PATH, content=b"x", headers=JSON)
    text = (await site.http.get("/metrics")).text
    assert 'faregate_decisions_total{reason="",rung="R0",verdict="approve"} 1.0' in text
    assert "faregate_repeats_total 1.0" in text
    assert "faregate_decision_seconds_count 2.0" in text
    assert "faregate_deadline_overruns_total 0.0" in text
    assert 'faregate_refusals_total{problem="malformed-json"} 1.0' in text
