"""Follows the registry: loads what is to serve, says what is ready, changes models at the agreed instant."""

import asyncio
import logging
import os
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
from msgspec import convert
from psycopg.rows import dict_row

from app.models import artefacts
from app.models.in_service import NONE, InService
from app.models.loading import Loading
from app.models.timetable import Timetable
from app.queries import queries_of
from domain.errors import ModelRefused
from domain.models import CHANNEL, ModelState, Placement

LOOK_EVERY_S = 1.0  # every move and wish is notified besides
SELDOM_S = 15.0
PATIENCE_S = 5.0
RETRY_S = 0.2
NO_CHAMPION = "the registry has no champion: `faregate model list` shows what there is"
query = queries_of(__file__)
log = logging.getLogger("faregate.models")
Connection = psycopg.AsyncConnection[dict[str, Any]]


class ModelKeeper:
    """Goes on with the models it has while PostgreSQL is away. `folder` holds the artefacts of this host."""

    def __init__(self, conninfo: str, folder: Path, process: str | None = None) -> None:
        self._conninfo = conninfo
        self._folder = folder
        self._process = process or f"{socket.gethostname()}:{os.getpid()}"
        self._loading = Loading(self._fetch)
        self._timetable = Timetable()
        self._in_service = NONE
        self._ahead_s = 0.0  # the server's clock before ours
        self._looked_at_ms = 0  # by the server's clock
        self._seldom_at = 0.0
        self._switch: asyncio.TimerHandle | None = None
        self._wishes: dict[str, int] = {}
        self._away = False
        self.drift: dict[str, tuple[float | None, bool]] = {}

    def current(self) -> InService:
        return self._in_service

    @property
    def refusal(self) -> str | None:
        """Why no model decides."""
        if self._in_service.champion:
            return None
        refused = [self._loading.refused.get(version) for version in self._champions()]
        return next((f"refused: {text}" for text in refused if text), NO_CHAMPION)

    @property
    def restarts(self) -> int:
        return self._loading.restarts

    def folder_of(self, version: str) -> Path | None:
        """Of any model of the registry; blocks, and raises ModelRefused."""
        try:
            return artefacts.fetch_at_once(self._conninfo, version, self._folder)
        except psycopg.Error as error:
            raise ModelRefused(f"the registry cannot be asked for {version}: {error}") from error

    async def feel(self) -> None:
        """Have what the registry names now, as far as it can be had."""
        with suppress(psycopg.Error, TimeoutError):
            async with await self._connected() as connection:
                await self._look(connection)
                await self._loading.idle()
                await self._tell(connection)

    async def serve(self) -> None:
        """Follow the registry until cancelled."""
        while True:
            try:
                async with asyncio.timeout(PATIENCE_S):
                    connection = await self._connected()
                async with connection:
                    await self._follow(connection)
            except (psycopg.Error, TimeoutError) as error:
                self._tell_away(error)
            await asyncio.sleep(RETRY_S)

    async def leave(self) -> None:
        """Promotions need not wait for this process any more."""
        with suppress(psycopg.Error, TimeoutError):
            async with asyncio.timeout(1), await self._connected() as connection:
                await connection.execute(query("forget_process"), {"process": self._process})

    def close(self) -> None:
        if self._switch:
            self._switch.cancel()
        self._loading.close()

    async def _connected(self) -> Connection:
        return await psycopg.AsyncConnection.connect(
            self._conninfo,
            autocommit=True,
            row_factory=dict_row,
            connect_timeout=2,
            tcp_user_timeout=3000,
            application_name="faregate models",
            options="-c synchronous_commit=off",  # what a crash takes is told again a second later
        )

    async def _follow(self, connection: Connection) -> None:
        await connection.execute(f"listen {CHANNEL}")
        while True:
            async with asyncio.timeout(PATIENCE_S):
                await self._look(connection)
                await self._tell(connection)
                await self._look_seldom(connection)
            self._away = False
            async for _ in connection.notifies(timeout=LOOK_EVERY_S, stop_after=1):
                pass

    async def _look(self, connection: Connection) -> None:
        """Read where each model stands, and act on it."""
        [clock] = await _rows(connection, "clock")
        self._ahead_s, self._looked_at_ms = clock["now_ms"] / 1000 - time.time(), clock["now_ms"]
        placements = [convert(row, Placement) for row in await _rows(connection, "placements")]
        wishes = {row["version"]: row["asked_at_ms"] for row in await _rows(connection, "wishes")}
        for version in wishes.keys() & self._loading.refused.keys():
            if wishes[version] != self._wishes.get(version):  # whoever wishes again wants it tried again
                self._loading.forget(version)
        self._wishes = wishes
        self._timetable = Timetable(tuple(placements))
        self._loading.want(self._timetable.wanted() | wishes.keys(), self._apply)
        self._apply()

    async def _look_seldom(self, connection: Connection) -> None:
        if time.monotonic() < self._seldom_at:
            return
        self._seldom_at = time.monotonic() + SELDOM_S
        await connection.execute(query("forget_the_dead"))
        champion = self._in_service.champion
        if champion:
            found = await _rows(connection, "newest_drift", version=champion.version)
            self.drift = {row["subject"]: (row["psi"], row["alarmed"]) for row in found}

    async def _tell(self, connection: Connection) -> None:
        """This process lives, and what it can serve."""
        told: Mapping[str, str | None] = dict.fromkeys(self._loading.loaded) | self._loading.refused
        async with connection.transaction():
            await connection.execute(query("tell_alive"), {"process": self._process})
            values = {"process": self._process, "versions": list(told), "refusals": list(told.values())}
            await connection.execute(query("tell_ready"), values | {"looked_at_ms": self._looked_at_ms})
            await connection.execute(query("tell_unloaded"), values)

    async def _fetch(self, version: str) -> Path:
        try:
            async with await self._connected() as connection:  # the other one listens
                return await artefacts.fetch(connection, version, self._folder)
        except psycopg.Error as error:
            raise ModelRefused(f"the registry cannot be read: {error}") from error

    def _apply(self) -> None:
        """Put in service what the timetable says of now, and come back at its next instant."""
        now_ms = self._now_ms()
        before, self._in_service = self._in_service, self._timetable.at(now_ms, self._loading.loaded)
        _log_change(before, self._in_service)
        if self._switch:
            self._switch.cancel()
        next_ms = self._timetable.next_instant_ms(now_ms)
        if next_ms is not None:
            delay_s = (next_ms - now_ms) / 1000
            self._switch = asyncio.get_running_loop().call_later(delay_s, self._apply)

    def _now_ms(self) -> int:
        return round((time.time() + self._ahead_s) * 1000)

    def _champions(self) -> list[str]:
        return [p.version for p in self._timetable.placements if p.state is ModelState.CHAMPION]

    def _tell_away(self, error: Exception) -> None:
        if not self._away:
            log.warning("the registry is away, going on with the models there are: %s", error)
        self._away = True


def _log_change(before: InService, after: InService) -> None:
    was, now = (model.champion.version if model.champion else None for model in (before, after))
    if was != now:
        log.info("%s decides from now on, before it %s", now or "no model", was or "none")


async def _rows(connection: Connection, name: str, **values: str) -> list[dict[str, Any]]:
    return await (await connection.execute(query(name), values)).fetchall()
