"""Answers as bytes with their headers: none may be kept, framed, guessed at or linked back from."""

from msgspec import Struct, json
from starlette.responses import Response

from app import problems
from app.problems import Problem

_PLAIN = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
# A page of ours has its style in itself, and nothing else.
_PAGE = _PLAIN | {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )
}
_HSTS = {"Strict-Transport-Security": "max-age=31536000; includeSubDomains"}


class Answers:
    """`hsts` is for deployments that are reached over TLS alone."""

    def __init__(self, *, hsts: bool = False) -> None:
        more = _HSTS if hsts else {}
        self._plain, self._page = _PLAIN | more, _PAGE | more
        self._repeated = self._plain | {"Idempotency-Replayed": "true"}

    def json(self, body: bytes, status: int = 200) -> Response:
        return Response(body, status, self._plain, "application/json")

    def json_of(self, body: Struct, status: int = 200) -> Response:
        return self.json(json.encode(body), status)

    def repeated(self, body: bytes) -> Response:
        """A reply that was given before."""
        return Response(body, 200, self._repeated, "application/json")

    def text(self, body: bytes, media_type: str) -> Response:
        return Response(body, 200, self._plain, media_type)

    def page(self, html: str) -> Response:
        return Response(html, 200, self._page, "text/html")

    def problem(self, problem: Problem, detail: str, *, field: str | None = None) -> Response:
        body = problems.encode_problem(problem, detail, field)
        return Response(body, problem.status, self._plain, problems.CONTENT_TYPE)
