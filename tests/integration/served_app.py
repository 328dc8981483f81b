"""A worker with a small application, as `app.workers` starts it; used by the tests of the server."""

import asyncio
import os
import sys
from typing import Any

import uvloop

from app.server import listening_socket, serve_app, telling_parent


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    if scope["path"] == "/crash":
        os._exit(3)
    answer = f"{os.getpid()} {len(body)}".encode()
    headers = [(b"content-length", b"%d" % len(answer))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    if scope["path"] == "/slow":
        await asyncio.sleep(1.0)
    await send({"type": "http.response.body", "body": answer})


def main() -> int:
    listening = listening_socket(os.environ, "127.0.0.1", 0)
    uvloop.run(serve_app(app, listening, on_ready=telling_parent(os.environ), echo=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
