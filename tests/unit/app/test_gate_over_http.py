"""Who may call what: keys, scopes, rates, signatures and tenants, as callers meet them."""

import time
from typing import Any

import httpx
import pytest
from factories import a_live_body
from site_of_fakes import JSON, LIVE, MASTER, OTHER, PATH, READER, SIGNED, SLOW, Site, bearing

from app.access.signature import HEADER, sign, signing_secret

pytestmark = pytest.mark.anyio
OUTCOME = {"outcome": "captured", "occurred_at": "2026-01-01T00:00:00Z"}
BEHIND_THE_GATE = [
    ("POST", PATH),
    ("POST", f"{PATH}/txn_a/outcome"),
    ("GET", "/v1/decisions/dec_a"),
    ("GET", "/v1/decisions/dec_a/why"),
    ("POST", "/v1/decisions/dec_a/label"),
]


@pytest.mark.parametrize(("method", "path"), BEHIND_THE_GATE)
@pytest.mark.parametrize(
    "headers",
    [{}, bearing("fgk_unknown"), {"Authorization": "Basic YTpi"}, bearing(""), bearing("x" * 300)],
)
async def test_without_a_known_key_nothing_is_said(
    site: Site, method: str, path: str, headers: dict[str, str]
) -> None:
    del site.http.headers["Authorization"]
    response = await site.http.request(method, path, headers=headers)
    assert (response.status_code, response.json()["type"]) == (401, "/problems/unauthenticated")
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


async def test_two_keys_at_once_are_none(site: Site) -> None:
    del site.http.headers["Authorization"]
    headers = [("Authorization", f"Bearer {LIVE}"), ("Authorization", f"Bearer {OTHER}")]
    assert (await site.http.get("/v1/decisions/dec_a", headers=headers)).status_code == 401


async def test_an_unknown_key_is_refused_before_the_body_is_taken(site: Site) -> None:
    taken = 0

    async def body() -> Any:
        nonlocal taken
        taken += 1
        yield b"{}"

    response = await site.ask(body(), key="k1", **bearing("fgk_unknown"))
    assert (response.status_code, taken) == (401, 0)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/docs", "/openapi.json", "/problems/card-data"])
async def test_some_pages_need_no_key(site: Site, path: str) -> None:
    del site.http.headers["Authorization"]
    assert (await site.http.get(path)).status_code == 200


async def test_a_key_without_the_scope_is_told_which(site: Site) -> None:
    response = await site.ask(a_live_body(), **bearing(READER))
    assert (response.status_code, response.json()["type"]) == (403, "/problems/forbidden")
    assert "decide" in response.json()["detail"]
    read = await site.http.get("/v1/decisions/dec_a", headers=bearing(READER))
    assert read.json()["type"] == "/problems/unknown-decision"


async def test_a_key_beyond_its_rate_is_told_when_to_come_back(site: Site) -> None:
    responses = [await site.ask(a_live_body(), **bearing(SLOW)) for _ in range(3)]
    assert [response.status_code for response in responses] == [200, 200, 429]
    assert responses[-1].json()["type"] == "/problems/too-many-requests"
    assert responses[-1].headers["Retry-After"] == "1"
    assert "faregate_rate_limited_total 1.0" in (await site.http.get("/metrics")).text


async def test_metrics_are_open_only_where_that_is_set(site: Site) -> None:
    site.open_metrics = False
    site.close()
    site.__post_init__()
    async with site.connect() as http:
        assert (await http.get("/metrics", headers=bearing("fgk_x"))).status_code == 401
        assert (await http.get("/metrics", headers=bearing(READER))).status_code == 403
        assert (await http.get("/metrics")).status_code == 200


def signed(sent: bytes, *, ahead_s: int = 0, **changed: Any) -> dict[str, str]:
    time_s = int(time.time()) + ahead_s
    given = {"method": "POST", "path": PATH, "body": sent, "time_s": time_s, "nonce": "n" * 16}
    secret = signing_secret(MASTER, "key_signed")
    return bearing(SIGNED) | {HEADER: sign(secret, **(given | changed)).written()}


async def test_a_signed_call_is_taken_once(site: Site) -> None:
    body = a_live_body()
    first, again = [await site.ask(body, **signed(body)) for _ in range(2)]
    assert first.status_code == 200
    assert (again.status_code, again.json()["type"]) == (401, "/problems/bad-signature")
    assert "nonce" in again.json()["detail"]
    assert (await site.ask(body, **signed(body, nonce="m" * 16))).content == first.content


@pytest.mark.parametrize(
    "changed",
    [
        {"method": "GET"},
        {"path": f"{PATH}?a=1"},
        {"body": b"another"},
        {"ahead_s": -400},
        {"ahead_s": 400},
    ],
)
async def test_a_signature_of_another_call_does_not_hold(site: Site, changed: dict[str, Any]) -> None:
    body = a_live_body()
    response = await site.ask(body, **signed(body, **changed))
    assert (response.status_code, response.json()["field"]) == (401, HEADER)
    assert site.ledger.decisions == {}


async def test_a_key_that_must_sign_may_not_leave_it_out(site: Site) -> None:
    assert (await site.ask(a_live_body(), **bearing(SIGNED))).status_code == 401
    read = await site.http.get("/v1/decisions/dec_a", headers=bearing(SIGNED))
    assert read.json()["type"] == "/problems/bad-signature"


async def test_a_signature_that_was_not_asked_for_must_hold_too(site: Site) -> None:
    response = await site.ask(a_live_body(), **(signed(b"other") | bearing(LIVE)))
    assert response.json()["type"] == "/problems/bad-signature"


@pytest.mark.parametrize("header", ["", "v1=abc", "t=1,n=short,v1=" + "a" * 64, "t=1"])
async def test_a_signature_must_be_of_its_form(site: Site, header: str) -> None:
    response = await site.ask(a_live_body(), **(bearing(SIGNED) | {HEADER: header}))
    assert response.json()["type"] == "/problems/bad-signature"


async def decided(site: Site) -> str:
    reply = (await site.ask(a_live_body(transaction_id="txn_a"))).json()
    decision_id: str = reply["decision_id"]
    return decision_id


async def test_decisions_of_another_tenant_are_not_there(site: Site) -> None:
    decision_id = await decided(site)
    site.explained[decision_id, "tenant_a"] = b"{}"
    found, why = f"/v1/decisions/{decision_id}", f"/v1/decisions/{decision_id}/why"
    label: dict[str, Any] = {"json": {"label": "fraud"}}

    async def asked(secret: str) -> list[httpx.Response]:
        headers = bearing(secret)
        return [
            await site.http.get(found, headers=headers),
            await site.http.get(why, headers=headers),
            await site.http.post(f"{found}/label", headers=headers, **label),
            await site.http.post(f"{PATH}/txn_a/outcome", headers=headers, json=OUTCOME),
        ]

    assert [response.status_code for response in await asked(LIVE)] == [200, 200, 201, 202]
    assert [response.status_code for response in await asked(OTHER)] == [404] * 4


async def test_a_label_is_kept_with_who_said_it(site: Site) -> None:
    decision_id = await decided(site)
    path = f"/v1/decisions/{decision_id}/label"
    response = await site.http.post(path, json={"label": "good", "why": "the rider called"})
    assert response.status_code == 201
    assert response.json()["label_id"].startswith("lbl_")
    [label] = site.ledger.labels
    assert (label.decision_id, label.label, label.labelled_by) == (decision_id, "good", "key_test")


@pytest.mark.parametrize(
    "label",
    [{}, {"label": "maybe"}, {"label": "fraud", "why": "a\0b"}, {"label": "fraud", "why": "a\n"},
     {"label": "fraud", "why": "x" * 501}, {"label": "fraud", "why": "card 4111 1111 1111 1111"},
     {"label": "fraud", "score": 1}],
)  # fmt: skip
async def test_a_wrong_label_is_refused(site: Site, label: dict[str, str]) -> None:
    path = f"/v1/decisions/{await decided(site)}/label"
    response = await site.http.post(path, json=label, headers=JSON)
    assert response.status_code == 422
    assert site.ledger.labels == []


async def test_test_tokens_are_for_test_keys(site: Site) -> None:
    body = a_live_body(card_id="card_testdecline", user_id="usr_testr3")
    reply = (await site.ask(body)).json()
    assert (reply["verdict"], reply["rung"], reply["rung_reason"]) == ("decline", "R3", "deadline_spent")
    assert site.ledger.events == []
    refused = await site.ask(a_live_body(card_id="card_testdecline"), **bearing(LIVE))
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/test-token")


@pytest.mark.parametrize(("rider", "status"), [("usr_testunavailable", 503), ("usr_testinflight", 409)])
async def test_riders_force_the_answers_that_ask_for_a_retry(site: Site, rider: str, status: int) -> None:
    response = await site.ask(a_live_body(user_id=rider))
    assert (response.status_code, response.headers["Retry-After"]) == (status, "1")
