"""A tour of all published test tokens, at the API on fakes."""

from pathlib import Path

import httpx
import pytest
from site_of_fakes import LIVE, TEST, Site

from app.client import DecisionClient
from app.routes import build_app
from app.sandbox import CARDS, RIDERS
from data_generator.sandbox_tour import try_test_tokens

pytestmark = pytest.mark.anyio


def client_of(site: Site, secret: str) -> DecisionClient:
    transport = httpx.ASGITransport(build_app(site.endpoints()))
    return DecisionClient("http://api", api_key=secret, transport=transport)


async def test_every_token_does_what_is_published_of_it(tmp_path: Path) -> None:
    async with client_of(Site(folder=tmp_path), TEST) as client:
        tried = [one async for one in try_test_tokens(client)]
    assert [one for one in tried if not one.as_published] == []
    assert {one.token for one in tried} == {*CARDS, *RIDERS}
    assert {"decline", "R3 deadline_spent", "503", "409"} <= {one.answered for one in tried}


async def test_a_live_key_may_not_use_them(tmp_path: Path) -> None:
    async with client_of(Site(folder=tmp_path), LIVE) as client:
        tried = [one async for one in try_test_tokens(client)]
    assert {one.answered for one in tried} == {"422"}
