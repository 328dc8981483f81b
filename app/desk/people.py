"""People of the console and what their roles allow."""

from enum import StrEnum

from msgspec import Struct


class Role(StrEnum):
    ANALYST = "analyst"  # works cases
    LEAD = "lead"  # also decides on rules, thresholds and models
    ADMIN = "admin"  # also sees who did what, and sends dead letters again

    def allows(self, least: "Role") -> bool:
        return _ORDER.index(self) >= _ORDER.index(least)


_ORDER = (Role.ANALYST, Role.LEAD, Role.ADMIN)


class Person(Struct, frozen=True, kw_only=True):
    """`person_id` is what the ledger names as the author; `name` is shown."""

    person_id: str
    name: str
    role: Role
