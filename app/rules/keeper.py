"""Keeps a process's rules, lists and policy as PostgreSQL has them: told of each change, and looking too."""

import asyncio
import logging
from typing import Any

import msgspec
import psycopg
from msgspec import Struct
from psycopg.rows import dict_row

from app.policies.store import query as policy_query
from app.queries import queries_of
from app.rules.lists import Entries, Entry
from app.rules.rulebook import CompiledRulebook
from domain.policy import Policy
from domain.rules import Rule

LOOK_EVERY_S = 0.5
PATIENCE_S = 2.0
RETRY_S = 0.2
query = queries_of(__file__)
log = logging.getLogger("faregate.policies")
Connection = psycopg.AsyncConnection[dict[str, Any]]


class InForce(Struct, frozen=True, kw_only=True):
    """A ports.Policies, replaced whole by every change."""

    rulebook: CompiledRulebook
    lists: Entries
    policy: Policy | None = None  # None where nobody ever set one


class _ChangedEntry(Entry, frozen=True, kw_only=True):
    removed: bool


class PolicyKeeper:
    """Holds the last known rules, lists and policy while PostgreSQL is away."""

    def __init__(self, conninfo: str = "") -> None:
        self._conninfo = conninfo
        self._in_force = InForce(rulebook=CompiledRulebook(0, ()), lists=Entries(0))
        self._unreadable: tuple[str, ...] = ()
        self._away = False
        self._told: set[tuple[str, str]] = set()
        self.loaded = False  # whether PostgreSQL was ever read

    def current(self) -> InForce:
        return self._in_force

    @property
    def broken(self) -> tuple[str, ...]:
        """Ids of rules that this release cannot evaluate; they are left out."""
        return (*self._unreadable, *self._in_force.rulebook.broken)

    async def feel(self) -> None:
        """Read what is in force once; if PostgreSQL is away, serve() will."""
        try:
            async with asyncio.timeout(PATIENCE_S), await self._connected() as connection:
                await self._load(connection)
        except (psycopg.Error, TimeoutError) as error:
            self._tell_away(error)

    async def serve(self) -> None:
        """Follow every change until cancelled."""
        while True:
            try:
                async with asyncio.timeout(PATIENCE_S):
                    connection = await self._connected()
                async with connection:
                    await self._follow(connection)
            except (psycopg.Error, TimeoutError) as error:
                self._tell_away(error)
            await asyncio.sleep(RETRY_S)

    async def _connected(self) -> Connection:
        return await psycopg.AsyncConnection.connect(
            self._conninfo,
            autocommit=True,
            row_factory=dict_row,
            connect_timeout=2,
            tcp_user_timeout=3000,
            application_name="faregate policies",
        )

    async def _follow(self, connection: Connection) -> None:
        await connection.execute("listen policies")
        while True:
            async with asyncio.timeout(PATIENCE_S):
                await self._load(connection)
            async for _ in connection.notifies(timeout=LOOK_EVERY_S, stop_after=1):
                pass

    async def _load(self, connection: Connection) -> None:
        """Read what changed since, and put it in force in one step."""
        newest = await _row(connection, query("newest_versions"))
        before = self._in_force
        rulebook, lists, policy = before.rulebook, before.lists, before.policy
        if not self.loaded or newest["rules"] != rulebook.version:
            rulebook = await self._rulebook(connection, newest["rules"])
        if not self.loaded or newest["lists"] != lists.version:
            lists = await self._lists(connection, newest["lists"])
        if newest["policy"] != (policy.version if policy else 0):
            policy = await self._policy(connection, newest["policy"])
        if (rulebook, lists, policy) != (before.rulebook, before.lists, before.policy):
            self._in_force = InForce(rulebook=rulebook, lists=lists, policy=policy)
            log.info(
                "rules of version %d, lists of version %d and policy %s are in force",
                rulebook.version, lists.version, policy.version if policy else "of the release",
            )  # fmt: skip
        if self._away:
            log.info("PostgreSQL is back, rules and lists are followed again")
        self._away, self.loaded = False, True

    async def _rulebook(self, connection: Connection, version: int) -> CompiledRulebook:
        cursor = await connection.execute(query("rulebook"), {"version": version})
        rules, unreadable = [], []
        for row in await cursor.fetchall():
            try:
                rules.append(msgspec.convert(row, Rule))
            except msgspec.ValidationError as error:
                unreadable.append(row["rule_id"])
                self._tell_broken(row["rule_id"], str(error))
        self._unreadable = tuple(unreadable)
        rulebook = CompiledRulebook(version, rules)
        for rule_id, why in rulebook.broken.items():
            self._tell_broken(rule_id, why)
        return rulebook

    async def _lists(self, connection: Connection, version: int) -> Entries:
        known = self._in_force.lists
        if version < known.version or not self.loaded:
            cursor = await connection.execute(query("lists_in_force"), {"version": version})
            return Entries(version, msgspec.convert(await cursor.fetchall(), list[Entry]))
        cursor = await connection.execute(query("list_changes"), {"known": known.version, "version": version})
        changes = msgspec.convert(await cursor.fetchall(), list[_ChangedEntry])
        return known.changed(
            version,
            removed=[entry for entry in changes if entry.removed],
            added=[entry for entry in changes if not entry.removed],
        )

    @staticmethod
    async def _policy(connection: Connection, version: int) -> Policy | None:
        cursor = await connection.execute(policy_query("policy_in_force"), {"version": version})
        row = await cursor.fetchone()
        return msgspec.convert(row, Policy) if row else None

    def _tell_broken(self, rule_id: str, why: str) -> None:
        if (rule_id, why) not in self._told:
            self._told.add((rule_id, why))
            log.error("%s is left out, this release cannot evaluate it: %s", rule_id, why)

    def _tell_away(self, error: Exception) -> None:
        if not self._away:
            log.warning("rules and lists stay as they are, PostgreSQL is away: %s", error)
        self._away = True


async def _row(connection: Connection, statement: bytes) -> dict[str, Any]:
    cursor = await connection.execute(statement)
    return await cursor.fetchone() or {}
