"""Where policies are set and looked up by people: every change is a version of the policy."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
import psycopg
from msgspec import Struct, structs
from psycopg.rows import dict_row

from app.queries import queries_of
from app.rules.version import new_version, newest_versions, take_turn
from domain.display import timestamp
from domain.events import to_ms
from domain.policy import Policy, PolicyRefused, check

MOST_HISTORY = 200
MOST_WHY = 500
query = queries_of(__file__)
Connection = psycopg.Connection[Any]


class PolicyChanged(PolicyRefused):
    """Somebody else was faster: what the person looked at is not in force any more."""


class PolicyVersion(Struct, frozen=True, kw_only=True):
    """A policy, who set it, and what the past said of it then."""

    policy: Policy
    changed_by: str
    why: str
    changed_at: datetime
    evidence: dict[str, Any] = {}


class PolicyStore:
    """`connection` as console or owner. Methods raise PolicyRefused and psycopg's errors."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def current(self) -> Policy | None:
        """None where nobody ever set one."""
        return self._policy("policy_in_force", newest_versions(self._connection).policy)

    def as_of(self, version: int) -> Policy | None:
        """The policy of exactly this version, by which decisions that name it were made."""
        return self._policy("policy_of_version", version)

    def history(self, most: int = MOST_HISTORY) -> list[PolicyVersion]:
        """The newest first."""
        with self._connection.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute(query("policy_history"), {"most": most}).fetchall()
        told = set(PolicyVersion.__struct_fields__)
        return [
            msgspec.convert(
                {name: value for name, value in row.items() if name in told} | {"policy": _policy_of(row)},
                PolicyVersion,
            )
            for row in rows
        ]

    def apply(
        self,
        policy: Policy,
        *,
        by: str,
        why: str = "",
        evidence: Mapping[str, Any] | None = None,
        instead_of: int | None = None,
    ) -> int:
        """Put a policy in force everywhere; its new version. The version that it bears itself says nothing.

        Raises PolicyChanged unless the one in force has the version `instead_of`; 0 is none, None any.
        """
        check(policy)
        if len(why) > MOST_WHY:
            raise PolicyRefused(f"the why has {len(why)} characters, {MOST_WHY} are allowed: shorten it")
        with self._connection.transaction():
            take_turn(self._connection)
            if instead_of is not None:
                self._require_still(instead_of)
            version = new_version(self._connection, "policy", by=by, why=why)
            row = structs.asdict(policy) | {"version": version, "evidence": json.dumps(dict(evidence or {}))}
            self._connection.execute(query("add_policy"), row)
        return version

    def _require_still(self, version: int) -> None:
        if newest_versions(self._connection).policy == version:
            return
        newest = next(iter(self.history(1)), None)
        if newest is None:
            raise PolicyChanged(f"There is no policy {version} any more: load the page anew.")
        raise PolicyChanged(
            f"{newest.changed_by} set policy {newest.policy.version} at "
            f"{timestamp(to_ms(newest.changed_at))}{f' ({newest.why})' if newest.why else ''}: "
            "nothing was changed. Load the page anew and look at what is in force now."
        )

    def _policy(self, name: str, version: int) -> Policy | None:
        with self._connection.cursor(row_factory=dict_row) as cursor:
            row = cursor.execute(query(name), {"version": version}).fetchone()
        return msgspec.convert(row, Policy) if row else None


def _policy_of(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in Policy.__struct_fields__}
