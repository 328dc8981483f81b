"""Statements prepared on connections of their own: types, turns, and connections that break."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import psycopg
import pytest
from waiting import eventually

from app.prepared import MOST_WAITING, LinesBusy, Prepared, prepared
from app.queries import Numbered

pytestmark = pytest.mark.anyio
Conninfo = Callable[[str], str]
SLEEP = b"select %(n)s::bigint, pg_backend_pid(), pg_sleep(%(seconds)s::float8)"


@asynccontextmanager
async def asking(
    conninfo: Conninfo, sql: bytes, *, lines: int = 2, patience_s: float = 5
) -> AsyncIterator[Prepared]:
    async with prepared(
        "test", Numbered(sql), conninfo=conninfo("faregate_owner"), patience_s=patience_s, lines=lines
    ) as asks:
        yield asks


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("text", "häuser, 東京, '; drop"),
        ("text", ""),
        ("bigint", -(2**63)),
        ("bigint", 2**63 - 1),
        ("integer", -5),
        ("smallint", 99),
        ("double precision", 0.1 + 0.2),
        ("bytea", bytes(range(256))),
        ("boolean", True),
        ("boolean", False),
        ("timestamptz", datetime(2026, 11, 27, 23, 59, 59, 999_999, tzinfo=UTC)),
        ("timestamptz", datetime(1999, 1, 1, tzinfo=timezone(timedelta(hours=5, minutes=45)))),
        ("text[]", ["a", "", "ü"]),
        ("text[]", []),
    ],
)
async def test_a_value_arrives_as_psycopg_would_send_it(conninfo: Conninfo, kind: str, value: Any) -> None:
    sql = f"select %(value)s::{kind}".encode()
    async with asking(conninfo, sql) as asks:
        ours = (await asks.ask({"value": value})).get_value(0, 0)
    with psycopg.connect(conninfo("faregate_owner")) as connection:
        cursor = connection.cursor(binary=True)
        cursor.execute(sql, {"value": value})
        assert cursor.pgresult is not None
        assert ours == cursor.pgresult.get_value(0, 0)


async def test_json_and_nothing(conninfo: Conninfo) -> None:
    sql = b"select (%(json)s::jsonb ->> 'a')::text, %(none)s::bigint is null"
    async with asking(conninfo, sql) as asks:
        result = await asks.ask({"json": '{"a": "b"}', "none": None})
    assert (result.get_value(0, 0), result.get_value(0, 1)) == (b"b", b"\x01")


async def test_a_parameter_that_is_named_twice_is_sent_once(conninfo: Conninfo) -> None:
    async with asking(conninfo, b"select %(a)s::bigint + %(a)s::bigint + %(b)s::bigint") as asks:
        assert number_in(await asks.ask({"a": 2, "b": 3})) == 7


async def test_more_questions_than_lines_take_turns(conninfo: Conninfo) -> None:
    async with asking(conninfo, SLEEP, lines=2) as asks:
        answers = await asyncio.gather(*(asks.ask({"n": n, "seconds": 0.01}) for n in range(20)))
    assert [number_in(answer) for answer in answers] == list(range(20))


async def test_a_missing_parameter_is_a_fault_of_ours_and_costs_no_line(conninfo: Conninfo) -> None:
    async with asking(conninfo, SLEEP, lines=1) as asks:
        with pytest.raises(KeyError):
            await asks.ask({"n": 1})
        assert number_in(await asks.ask({"n": 1, "seconds": 0.0})) == 1


async def test_an_error_of_the_server_is_psycopgs_own(conninfo: Conninfo) -> None:
    async with asking(conninfo, b"select 1 / %(n)s::bigint", lines=1) as asks:
        with pytest.raises(psycopg.errors.DivisionByZero):
            await asks.ask({"n": 0})
        assert number_in(await asks.ask({"n": 1})) == 1


async def test_a_statement_that_takes_too_long_is_ended_by_the_server(conninfo: Conninfo) -> None:
    async with asking(conninfo, SLEEP, lines=1, patience_s=0.05) as asks:
        with pytest.raises(psycopg.errors.QueryCanceled):
            await asks.ask({"n": 1, "seconds": 5.0})


async def test_a_connection_that_was_ended_is_made_anew(conninfo: Conninfo) -> None:
    async with asking(conninfo, SLEEP, lines=1) as asks:
        asked = asyncio.ensure_future(asks.ask({"n": 1, "seconds": 5.0}))
        await asyncio.to_thread(end_backends, conninfo)
        with pytest.raises(psycopg.OperationalError):
            await asked
        assert number_in(await asks.ask({"n": 2, "seconds": 0.0})) == 2


async def test_connections_that_were_ended_while_idle_are_made_anew(conninfo: Conninfo) -> None:
    async with asking(conninfo, SLEEP, lines=2) as asks:
        await asyncio.to_thread(end_backends, conninfo)
        for _ in range(100):
            try:
                answer = await asks.ask({"n": 3, "seconds": 0.0})
            except psycopg.OperationalError:
                await asyncio.sleep(0.01)
            else:
                break
        assert number_in(answer) == 3


async def test_who_gives_up_waiting_takes_no_line_along(conninfo: Conninfo) -> None:
    async with asking(conninfo, SLEEP, lines=1) as asks:
        first = asyncio.ensure_future(asks.ask({"n": 1, "seconds": 0.1}))
        second = asyncio.ensure_future(asks.ask({"n": 2, "seconds": 0.0}))
        await asyncio.sleep(0)
        second.cancel()
        assert number_in(await first) == 1
        assert number_in(await asks.ask({"n": 3, "seconds": 0.0})) == 3


async def test_the_queue_has_an_end(conninfo: Conninfo) -> None:
    async with asking(conninfo, SLEEP, lines=1) as asks:
        running = [asyncio.ensure_future(asks.ask({"n": 1, "seconds": 0.3})) for _ in range(MOST_WAITING + 1)]
        await asyncio.sleep(0)
        with pytest.raises(LinesBusy):
            await asks.ask({"n": 1, "seconds": 0.0})
        for each in running[1:]:
            each.cancel()
        assert number_in(await running[0]) == 1


async def test_without_a_server_it_does_not_begin(free_ports: dict[str, int]) -> None:
    where = f"host=127.0.0.1 port={free_ports['flink']} user=nobody"
    with pytest.raises(psycopg.OperationalError):
        async with prepared("test", Numbered(b"select 1"), conninfo=where, patience_s=1):
            raise AssertionError("nobody listens there")


def number_in(result: Any) -> int:
    return int.from_bytes(result.get_value(0, 0), "big", signed=True)


def end_backends(conninfo: Conninfo) -> None:
    """Those of the tested statements, once they are there."""
    with psycopg.connect(conninfo("faregate_owner"), autocommit=True) as connection:
        eventually(
            lambda: connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                "where application_name = 'faregate test' and pid <> pg_backend_pid()"
            ).fetchall(),
            what="connections to end",
        )
