"""Slow and broken callers against the server's own protocol, in this process."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn
from served_app import app

from app.protocol import MOST_HEAD_BYTES, ImpatientProtocol

pytestmark = pytest.mark.anyio
BODY = b"x" * 10
HEAD = b"POST / HTTP/1.1\r\nhost: api\r\ncontent-length: 10\r\n\r\n"


class Hurried(ImpatientProtocol):
    idle_s = 0.4
    head_patience_s = 0.2
    body_patience_s = 0.3


class Line:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def answer(self) -> tuple[int, bytes]:
        head = await asyncio.wait_for(self._reader.readuntil(b"\r\n\r\n"), 5)
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        return int(head.split()[1]), await self._reader.readexactly(length)

    async def is_closed(self) -> bool:
        return await asyncio.wait_for(self._reader.read(1), 5) == b""

    def close(self) -> None:
        self._writer.close()


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    config: Any = uvicorn.Config(
        app, http=Hurried, ws="none", lifespan="off", log_config=None, access_log=False
    )
    config.load()
    state = uvicorn.Server(config).server_state
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Hurried(config, state, {}), "127.0.0.1", 0)
    opened = Line(*await asyncio.open_connection(*server.sockets[0].getsockname()[:2]))
    yield opened
    opened.close()
    server.close()
    await server.wait_closed()


async def test_a_whole_call_is_answered_and_the_connection_kept(line: Line) -> None:
    for _ in range(3):
        await line.send(HEAD + BODY)
        status, answer = await line.answer()
        assert (status, answer.split()[1]) == (200, b"10")
        await asyncio.sleep(0.25)  # longer than the patience for a head: an idle connection may stay


async def test_a_body_in_pieces_is_taken_in_time(line: Line) -> None:
    await line.send(HEAD + BODY[:4])
    await asyncio.sleep(0.05)
    await line.send(BODY[4:])
    assert (await line.answer())[0] == 200


async def test_who_says_nothing_is_shown_out_without_a_word(line: Line) -> None:
    assert await line.is_closed()


async def test_a_connection_may_be_opened_before_it_is_needed(line: Line) -> None:
    await asyncio.sleep(0.3)  # longer than the patience for a head
    await line.send(HEAD + BODY)
    assert (await line.answer())[0] == 200


async def test_half_a_head_is_not_waited_for(line: Line) -> None:
    await line.send(HEAD[:20])
    status, answer = await line.answer()
    problem = json.loads(answer)
    assert (status, problem["status"], problem["type"]) == (408, 408, "/problems/request-timeout")
    assert "head" in problem["detail"]
    assert await line.is_closed()


async def test_a_head_that_drips_is_not_waited_for_longer(line: Line) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    for at in range(0, 8, 2):
        await line.send(HEAD[at : at + 2])
        await asyncio.sleep(0.04)
    assert (await line.answer())[0] == 408
    assert loop.time() - began < 0.12 + Hurried.head_patience_s  # as long as after the last piece


async def test_half_a_body_is_not_waited_for(line: Line) -> None:
    await line.send(HEAD + BODY[:5])
    status, answer = await line.answer()
    assert status == 408
    assert "body" in json.loads(answer)["detail"]
    assert await line.is_closed()


async def test_a_second_call_is_waited_for_no_longer_than_the_first(line: Line) -> None:
    await line.send(HEAD + BODY)
    assert (await line.answer())[0] == 200
    await line.send(HEAD[:20])
    assert (await line.answer())[0] == 408


async def test_a_head_without_end_is_cut(line: Line) -> None:
    await line.send(HEAD[:-2] + b"x-long: " + b"a" * (MOST_HEAD_BYTES + 1))
    status, answer = await line.answer()
    assert (status, json.loads(answer)["status"]) == (431, 431)
    assert await line.is_closed()


async def test_what_is_not_http_is_a_problem(line: Line) -> None:
    await line.send(b"\x16\x03\x01 hello\r\n\r\n")
    status, answer = await line.answer()
    assert (status, json.loads(answer)["type"]) == (400, "about:blank")


async def test_two_calls_sent_together_are_both_answered(line: Line) -> None:
    await line.send((HEAD + BODY) * 2)
    assert [(await line.answer())[0] for _ in range(2)] == [200, 200]
