"""A person sets the policy: the change and what the audit trail says of it are one transaction."""

from collections.abc import Mapping
from typing import Any

import psycopg
from msgspec import structs

from app.desk.desk import Deed, Desk, write_down
from app.desk.people import Person, Role
from app.policies.store import PolicyStore, query
from app.rules.version import take_turn
from domain.policy import Policy

SUBJECT = "policy"


class PolicyDesk:
    """For leads, whose role is read anew. Raises NotAllowed, PolicyRefused and DeskUnavailable."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def apply(self, policy: Policy, *, person_id: str, **how: Any) -> int:
        """As set_policy."""
        with self._desk.writing(person_id, Role.LEAD) as (connection, person):
            return set_policy(connection, person, policy, **how)


def set_policy(
    connection: psycopg.Connection[Any],
    person: Person,
    policy: Policy,
    *,
    why: str,
    instead_of: int | None = None,
    evidence: Mapping[str, Any] | None = None,
    key: str | None = None,
) -> int:
    """The version that is in force from now on; a second click with the same key sets nothing more.

    `instead_of` is the version that the person saw in force, 0 for none; raises PolicyChanged if it is not
    any more, and PolicyRefused.
    """
    with connection.transaction():
        take_turn(connection)
        done = _version_of_click(connection, key) if key else None
        if done is not None:
            return done
        version = PolicyStore(connection).apply(
            policy, by=person.person_id, why=why, evidence=evidence, instead_of=instead_of
        )
        details = structs.asdict(policy) | {"version": version, "instead_of": instead_of, "why": why}
        deed = Deed(action="policy.apply", subject=SUBJECT, details=details | dict(evidence or {}), key=key)
        write_down(connection, person, deed)
    return version


def _version_of_click(connection: psycopg.Connection[Any], key: str) -> int | None:
    row = connection.execute(query("version_of_click"), {"key": key}).fetchone()
    return int(row[0]) if row and row[0] is not None else None
