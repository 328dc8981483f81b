"""The lean transport against a server on loopback that behaves, and one that does not."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx
import pytest

from data_generator.keep_alive import KeepAliveTransport

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx-thing: a: b\r\n\r\n{}"


class Server:
    """Says `answers` one after the other, the last one for ever; counts connections and keeps requests."""

    def __init__(self, *answers: bytes, closes: bool = False) -> None:
        self.answers = list(answers)
        self.closes = closes
        self.connections = 0
        self.requests: list[bytes] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                self.requests.append(head + await reader.readexactly(length))
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                if answer == b"silence":
                    await reader.read()
                writer.write(answer)
                await writer.drain()
                if self.closes:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def _with(
    server: Server, use: Callable[[httpx.AsyncClient], Awaitable[object]], timeout_s: float = 5.0
) -> object:
    async def run() -> object:
        async with await asyncio.start_server(server, "127.0.0.1", 0) as listening:
            port = listening.sockets[0].getsockname()[1]
            async with httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{port}", transport=KeepAliveTransport(), timeout=timeout_s
            ) as client:
                return await use(client)

    return asyncio.run(run())


def test_a_request_arrives_whole_and_its_answer_comes_back() -> None:
    server = Server(OK)
    answer = _with(server, lambda client: client.post("/v1/x?y=1", content=b"abc", headers={"X-A": "1"}))
    assert (answer.status_code, answer.content, answer.headers["x-thing"]) == (200, b"{}", "a: b")
    assert server.requests[0].startswith(b"POST /v1/x?y=1 HTTP/1.1\r\n")
    assert server.requests[0].endswith(b"\r\n\r\nabc")
    assert b"x-a: 1" in server.requests[0].lower()
    assert b"host: 127.0.0.1" in server.requests[0].lower()


def test_connections_are_kept() -> None:
    server = Server(OK)

    async def three(client: httpx.AsyncClient) -> None:
        for _ in range(3):
            await client.post("/", content=b"x")

    _with(server, three)
    assert server.connections == 1
    assert len(server.requests) == 3


def test_requests_in_flight_have_connections_of_their_own() -> None:
    server = Server(OK)

    async def together(client: httpx.AsyncClient) -> None:
        await asyncio.gather(*(client.post("/", content=b"x") for _ in range(5)))

    _with(server, together)
    assert 1 < server.connections <= 5


@pytest.mark.parametrize("told", [True, False])
def test_a_connection_that_the_server_closed_is_replaced(told: bool) -> None:
    answer = OK.replace(b"x-thing: a: b", b"connection: close") if told else OK
    server = Server(answer, closes=True)

    async def twice(client: httpx.AsyncClient) -> list[int]:
        return [(await client.post("/", content=b"x")).status_code for _ in range(2)]

    assert _with(server, twice) == [200, 200]
    assert server.connections == 2


def test_nobody_listening_is_a_transport_error() -> None:
    async def refused() -> None:
        async with httpx.AsyncClient(base_url="http://127.0.0.1:1", transport=KeepAliveTransport()) as client:
            await client.post("/", content=b"x")

    with pytest.raises(httpx.TransportError):
        asyncio.run(refused())


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"silence", httpx.ReadTimeout),
        (b"nonsense\r\n\r\n", httpx.RemoteProtocolError),
        (b"HTTP/1.1 200 OK\r\n\r\n", httpx.RemoteProtocolError),
        (b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n", httpx.RemoteProtocolError),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}", httpx.ReadError),
        (b"", httpx.ReadError),
    ],
)
def test_what_is_no_whole_answer_is_a_transport_error(answer: bytes, error: type[Exception]) -> None:
    server = Server(answer, closes=True)
    with pytest.raises(error):
        _with(server, lambda client: client.post("/", content=b"x"), timeout_s=0.3)
