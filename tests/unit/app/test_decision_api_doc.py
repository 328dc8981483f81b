"""docs/decision-api.md is followed to the letter: what it tells people to send is sent."""

import re
import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from factories import a_live_body
from msgspec import json
from site_of_fakes import MASTER, PATH, SIGNED, TEST, Site, bearing

from app import problems, sandbox
from app.access.signature import HEADER, signing_secret
from app.client import DecisionClient
from app.requests import TransactionRequest
from app.routes import build_app

pytestmark = pytest.mark.anyio
DOC = (Path(__file__).resolve().parents[3] / "docs" / "decision-api.md").read_text()


def block(language: str, name: str) -> str:
    [text] = re.findall(rf"^```{language} {name}\n(.*?)^```$", DOC, flags=re.DOTALL | re.MULTILINE)
    return str(text)


def table(name: str) -> list[list[str]]:
    _, _, rest = DOC.partition(f"<!-- {name} -->\n")
    rows = rest.partition(f"<!-- /{name} -->")[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


async def send(site: Site, name: str, **known: str) -> httpx.Response:
    """Send what a curl command sends."""
    text = block("curl", name)
    now = datetime.now(UTC).isoformat()
    for variable, value in {"FAREGATE_API_KEY": TEST, "NOW": now, **known}.items():
        text = text.replace(f"${variable}", value)
    words = iter(shlex.split(text.replace("\\\n", " ")))
    assert next(words) == "curl"
    url, body, headers = "", None, {}
    for word in words:
        if word == "-H":
            key, _, value = next(words).partition(": ")
            headers[key] = value
        elif word == "-d":
            body = next(words).encode()
        elif word != "-sS":
            url = word
    path = url.removeprefix("http://127.0.0.1:8080")
    return await site.http.request("POST" if body else "GET", path, content=body, headers=headers)


async def test_every_command_of_the_page_works_in_its_order(site: Site) -> None:
    decided = await send(site, "decide")
    reply = decided.json()
    assert (decided.status_code, reply["verdict"]) == (200, "challenge")
    assert (await send(site, "outcome")).status_code == 202
    known = {"DECISION_ID": reply["decision_id"]}
    found = await send(site, "find", **known)
    assert [outcome["outcome"] for outcome in found.json()["outcomes"]] == ["chargeback"]
    site.explained[reply["decision_id"], "tenant_a"] = b"{}"
    assert (await send(site, "why", **known)).status_code == 200
    assert (await send(site, "label", **known)).status_code == 201


async def test_the_refusal_that_is_shown_is_the_one_that_comes(site: Site) -> None:
    assert (await send(site, "refused")).json() == json.decode(block("json", "refused"))


async def test_the_signature_that_is_shown_holds(site: Site) -> None:
    names: dict[str, Any] = {}
    exec(block("python", "sign"), names)  # noqa: S102 - our own page
    body = a_live_body()
    sent = names["signature"](signing_secret(MASTER, "key_signed"), "POST", PATH, body)
    assert (await site.ask(body, **(bearing(SIGNED) | {HEADER: sent}))).status_code == 200


async def test_the_client_that_is_shown_pays(site: Site) -> None:
    names: dict[str, Any] = {}
    exec(block("python", "client"), names)  # noqa: S102 - our own page
    transport = httpx.ASGITransport(build_app(site.endpoints()))
    async with DecisionClient("http://api", api_key=TEST, transport=transport) as client:
        request = json.decode(a_live_body(), type=TransactionRequest)
        assert await names["pay"](client, request) == "approve"


def test_every_problem_is_listed() -> None:
    assert table("problems") == [
        [str(problem.status), f"[`{problem.slug}`]({problem.type})", problem.title]
        for problem in sorted(problems.ALL, key=lambda problem: problem.status)
    ]


def test_every_test_token_is_listed() -> None:
    assert [row[0] for row in table("tokens")] == [
        f"`{token}`" for token in (*sandbox.CARDS, *sandbox.RIDERS)
    ]


@pytest.mark.parametrize("token", [*sandbox.CARDS, *sandbox.RIDERS])
async def test_every_test_token_does_what_is_listed(site: Site, token: str) -> None:
    [forces] = [row[1] for row in table("tokens") if row[0] == f"`{token}`"]
    field = "card_id" if token.startswith("card_") else "user_id"
    response = await site.ask(a_live_body(**{field: token}))
    told = response.json()
    shown = [told.get(name) for name in ("verdict", "rung", "rung_reason")] + [str(response.status_code)]
    assert all(word in shown for word in re.findall(r"`(\w+)`", forces)), (forces, shown)
    assert "`" in forces
