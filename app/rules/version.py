"""Versions of the rulebook, the lists and the policy: one number a change, one writer at a time."""

from typing import Any, Literal, NamedTuple

import psycopg

from app.queries import queries_of
from app.rules.errors import RuleRefused

query = queries_of(__file__)


class NewestVersions(NamedTuple):
    """0 where nothing was ever changed."""

    rules: int
    lists: int
    policy: int


def newest_versions(connection: psycopg.Connection[Any]) -> NewestVersions:
    row = connection.execute(query("newest_versions")).fetchone()
    return NewestVersions(*row) if row else NewestVersions(0, 0, 0)


def take_turn(connection: psycopg.Connection[Any]) -> None:
    """Wait until no other writer is left, and keep others out to the end of the caller's transaction."""
    connection.execute(query("one_writer"))


def new_version(
    connection: psycopg.Connection[Any], kind: Literal["rules", "lists", "policy"], *, by: str, why: str
) -> int:
    """Begin a change inside the caller's transaction; at its commit every process that decides is told."""
    if not 0 < len(by) <= 80 or len(why) > 500:
        raise RuleRefused("who changes it must have 1 to 80 characters, the why at most 500")
    take_turn(connection)
    row = connection.execute(query("new_version"), {"kind": kind, "by": by, "why": why}).fetchone()
    connection.execute(query("tell_policies"))
    assert row  # noqa: S101 - an insert with returning gives its row
    return int(row[0])
