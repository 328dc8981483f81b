import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from bad_bodies import BAD, GOOD
from factories import a_live_body
from site_of_fakes import PATH, Site

from app.migrations import SchemaMismatch
from app.problems import BY_SLUG
from app.requests import MAX_BODY_BYTES, read_transaction
from domain.fold import is_late

pytestmark = pytest.mark.anyio
OUTCOME = {"outcome": "captured", "occurred_at": "2026-01-01T00:00:00Z"}


@pytest.mark.parametrize("name", BAD)
async def test_a_bad_body_is_a_problem_and_leaves_nothing(site: Site, name: str) -> None:
    body, slug, field = BAD[name]
    response = await site.ask(body)
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert problem["type"] == f"/problems/{slug}"
    assert response.status_code == problem["status"] == BY_SLUG[slug].status
    assert problem["field"] == field or not field
    assert problem["field"]
    assert problem["detail"]
    assert problem["next_step"] == BY_SLUG[slug].next_step
    assert "4111" not in response.text
    assert (site.ledger.decisions, site.ledger.events) == ({}, [])


def test_the_corpus_is_large_and_its_good_body_is_good() -> None:
    assert len(BAD) >= 150
    read_transaction(GOOD)


async def test_a_good_body_gets_a_verdict(site: Site) -> None:
    response = await site.ask(a_live_body(transaction_id="txn_a"))
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/json")
    assert list(response.json()) == [
        "decision_id", "transaction_id", "verdict", "score", "probability", "rung", "rung_reason",
        "feature_age_ms", "reasons", "rules", "list_entry", "versions", "decided_at",
    ]  # fmt: skip
    assert response.json()["rung"] == "R0"
    assert site.ledger.decisions["txn_a"].reply == response.content


async def test_the_same_body_again_gets_the_same_bytes(site: Site) -> None:
    body = a_live_body()
    first, again = [await site.ask(body) for _ in range(2)]
    assert first.content == again.content


async def test_another_body_for_the_same_transaction_is_refused(site: Site) -> None:
    await site.ask(a_live_body(transaction_id="txn_a"))
    other = a_live_body(transaction_id="txn_a", amount_minor=7)
    response = await site.ask(other)
    assert (response.status_code, response.json()["type"]) == (422, "/problems/transaction-changed")


async def test_with_nothing_to_keep_it_in_the_caller_is_told_when_to_come_back(site: Site) -> None:
    site.ledger.away = site.journal.away = True
    response = await site.ask(a_live_body())
    assert (response.status_code, response.headers["Retry-After"]) == (503, "1")
    assert response.json()["type"] == "/problems/unavailable"


async def test_a_fault_of_ours_is_a_problem_without_its_inside(site: Site) -> None:
    def breaks() -> None:
        raise RuntimeError("secret inside")

    site.features.before_read = breaks
    response = await site.ask(a_live_body())
    assert (response.status_code, response.json()["type"]) == (500, "/problems/unexpected")
    assert "secret" not in response.text
    assert 'faregate_refusals_total{problem="unexpected"} 1.0' in (await site.http.get("/metrics")).text


@pytest.mark.parametrize(
    "headers",
    [{"Content_Type": ""}, {"Content_Type": "text/plain"}, {"Content_Encoding": "gzip"}],
)
async def test_only_plain_json_is_read(site: Site, headers: dict[str, str]) -> None:
    response = await site.ask(a_live_body(), **headers)
    assert (response.status_code, site.ledger.decisions) == (415, {})


async def test_a_charset_may_be_named(site: Site) -> None:
    response = await site.ask(a_live_body(), Content_Type="application/json; charset=utf-8")
    assert response.status_code == 200


async def test_a_body_without_a_declared_length_is_cut_off_too(site: Site) -> None:
    taken = 0

    async def endless() -> Any:
        nonlocal taken
        while taken < 100:
            taken += 1
            yield b" " * 16_384

    response = await site.ask(endless(), key="key-a")
    assert response.status_code == 413


async def test_the_largest_body_is_read(site: Site) -> None:
    body = a_live_body()
    response = await site.ask(body + b" " * (MAX_BODY_BYTES - len(body)))
    assert response.status_code == 200


async def decided(site: Site, transaction_id: str = "txn_a") -> dict[str, Any]:
    body = a_live_body(transaction_id=transaction_id)
    reply: dict[str, Any] = (await site.ask(body)).json()
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


async def test_without_a_model_the_api_is_degraded_and_says_why(tmp_path: Path) -> None:
    site = Site(folder=tmp_path, model_refusal="refused: model.so is not the file that was written")
    async with site.connect() as http:
        response = await http.get("/readyz")
    assert (response.status_code, response.json()["status"]) == (200, "degraded")
    assert response.json()["model"].startswith("refused: model.so")


async def test_metrics_count_what_was_answered(site: Site) -> None:
    body = a_live_body()
    for _ in range(2):
        await site.ask(body)
    await site.ask(b"x")
    text = (await site.http.get("/metrics")).text
    assert 'faregate_decisions_total{verdict="approve",rung="R0",reason=""} 1.0' in text
    assert "faregate_repeats_total 1.0" in text
    assert "faregate_deadline_overruns_total 0.0" in text
    assert 'faregate_refusals_total{problem="malformed-json"} 1.0' in text
