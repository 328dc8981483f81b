"""What every answer of the API has in common, wanted or not."""

import pytest
from factories import a_live_body
from site_of_fakes import PATH, Site

pytestmark = pytest.mark.anyio
PAGES = ["/docs", "/problems/card-number"]
ANSWERS = [
    "/healthz",
    "/readyz",
    "/metrics",
    "/openapi.json",
    "/nothing",
    "/v1/decisions/dec_a",
    PATH,
    *PAGES,
]


@pytest.mark.parametrize("path", ANSWERS)
async def test_every_answer_may_not_be_kept_framed_or_guessed_at(site: Site, path: str) -> None:
    headers = (await site.http.get(path)).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert ("style-src" in headers["Content-Security-Policy"]) == (path in PAGES)
    assert "Strict-Transport-Security" not in headers


async def test_replies_and_faults_have_the_same_headers(site: Site) -> None:
    def breaks() -> None:
        raise RuntimeError("inside")

    good = await site.ask(a_live_body())
    site.features.before_read = breaks
    fault = await site.ask(a_live_body())
    assert (good.status_code, fault.status_code) == (200, 500)
    for response in (good, fault):
        assert response.headers["Content-Security-Policy"].startswith("default-src 'none'")


async def test_strict_transport_is_a_setting(site: Site) -> None:
    site.hsts = True
    async with site.connect() as http:
        for path in ("/healthz", "/nothing", "/docs"):
            assert "max-age" in (await http.get(path)).headers["Strict-Transport-Security"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("HEAD", "/healthz", 200),
        ("HEAD", PATH, 405),
        ("OPTIONS", PATH, 405),
        ("OPTIONS", "/nothing", 404),
        ("PUT", PATH, 405),
        ("TRACE", PATH, 405),
        ("BREW", PATH, 405),
        ("POST", f"{PATH}/", 404),
        ("GET", "/healthz/", 404),
        ("GET", "//healthz", 404),
        ("GET", "/v1/decisions/", 404),
        ("GET", "/v1/decisions/dec_a/b", 404),
        ("GET", "/v1/decisions/%zz", 422),
        ("GET", "/v1/decisions/dec_%0d%0aSet-Cookie:a=b", 422),
        ("GET", "/v1/decisions/dec_%00", 422),
        ("GET", "/v1/decisions/%2e%2e", 422),
        ("GET", "/v1/decisions/dec_%F0%9F%9A%95", 422),
        ("GET", "/problems/..", 404),
        ("GET", "/problems/%3Cscript%3E", 404),
    ],
)
async def test_whatever_is_asked_gets_an_answer_of_ours(
    site: Site, method: str, path: str, status: int
) -> None:
    response = await site.http.request(method, path)
    assert response.status_code == status
    assert "Set-Cookie" not in response.headers
    assert "<script>" not in response.text
    if status >= 400 and method != "HEAD":
        assert response.headers["Content-Type"] == "application/problem+json"
        assert response.json()["next_step"]
    if status == 405:
        assert response.headers["Allow"] == "POST"
