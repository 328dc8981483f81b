"""A transport for httpx with a tenth of the usual CPU a request, so that 300 payments a second fit beside the
stack that they test: plain HTTP/1.1, connections kept, bodies of a stated length.
"""

import asyncio
from dataclasses import dataclass

import httpx

MAX_HEAD_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class _Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def exchange(self, message: bytes) -> tuple[httpx.Response, bool]:
        """The response, and whether the connection may be used again."""
        self.writer.write(message)
        await self.writer.drain()
        head = await self.reader.readuntil(b"\r\n\r\n")
        status_line, *lines = head[:-4].split(b"\r\n")
        headers = [(name, value.strip()) for name, _, value in (line.partition(b":") for line in lines)]
        response = httpx.Response(int(status_line.split(b" ", 2)[1]), headers=headers)
        if "content-length" not in response.headers:
            raise httpx.RemoteProtocolError("the response does not state its length")
        body = await self.reader.readexactly(int(response.headers["content-length"]))
        stays = response.headers.get("connection", "").lower() != "close"
        return httpx.Response(response.status_code, headers=headers, content=body), stays


class KeepAliveTransport(httpx.AsyncBaseTransport):
    """Opens as many connections as there are requests in flight; raises what httpx raises."""

    def __init__(self) -> None:
        self._idle: list[_Connection] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        message = _head(request) + await request.aread()
        try:
            async with asyncio.timeout(request.extensions.get("timeout", {}).get("read")):
                return await self._send(request, message)
        except TimeoutError as error:
            raise httpx.ReadTimeout("no answer in time", request=request) from error
        except (OSError, EOFError) as error:
            raise httpx.ReadError(str(error) or type(error).__name__, request=request) from error
        except (ValueError, IndexError, asyncio.LimitOverrunError) as error:
            raise httpx.RemoteProtocolError(f"not HTTP: {error}", request=request) from error

    async def aclose(self) -> None:
        while self._idle:
            self._idle.pop().writer.close()

    async def _send(self, request: httpx.Request, message: bytes) -> httpx.Response:
        while self._idle:
            kept = self._idle.pop()
            try:
                return await self._exchange(kept, message)
            except (OSError, EOFError):
                continue  # the server closed it while it was idle
        return await self._exchange(await _connect(request.url), message)

    async def _exchange(self, connection: _Connection, message: bytes) -> httpx.Response:
        stays = False
        try:
            response, stays = await connection.exchange(message)
        finally:
            if stays:
                self._idle.append(connection)
            else:
                connection.writer.close()
        return response


async def _connect(url: httpx.URL) -> _Connection:
    reader, writer = await asyncio.open_connection(url.host, url.port or 80, limit=MAX_HEAD_BYTES)
    return _Connection(reader, writer)


def _head(request: httpx.Request) -> bytes:
    lines = [b"%s: %s" % header for header in request.headers.raw]
    return b"\r\n".join(
        [b"%s %s HTTP/1.1" % (request.method.encode(), request.url.raw_path), *lines, b"", b""]
    )
