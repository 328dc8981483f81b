"""Takes a request's body off the wire, within its limits."""

from starlette.requests import Request

from app.problems import BODY_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE, RequestRefused
from app.requests import MAX_BODY_BYTES


async def read_body(request: Request) -> bytes:
    """The whole body, or RequestRefused before more than the limit was taken in."""
    _require_json(request)
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > MAX_BODY_BYTES:
        raise _too_large()
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise _too_large()
    return body


def _require_json(request: Request) -> None:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise RequestRefused(
            UNSUPPORTED_MEDIA_TYPE, "the Content-Type must be application/json", field="Content-Type"
        )
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise RequestRefused(
            UNSUPPORTED_MEDIA_TYPE, "the body must not be compressed", field="Content-Encoding"
        )


def _too_large() -> RequestRefused:
    return RequestRefused(BODY_TOO_LARGE, f"at most {MAX_BODY_BYTES:,} bytes are read", field="body")
