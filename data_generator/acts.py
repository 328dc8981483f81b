"""What happens in a story: a generator that yields acts and is told how its payments were answered."""

from collections.abc import Generator
from dataclasses import dataclass
from random import Random

from domain.decision import Outcome, Verdict
from domain.events import (
    AccountCreated,
    CardAdded,
    CardRemoved,
    DeviceLogin,
    DriverContacted,
    LocationChosen,
    ProfileChanged,
    RideCancelled,
    RideCompleted,
    RideRequested,
)
from domain.transaction import Transaction

AppEvent = (
    LocationChosen
    | RideRequested
    | DriverContacted
    | RideCancelled
    | RideCompleted
    | CardAdded
    | CardRemoved
    | AccountCreated
    | ProfileChanged
    | DeviceLogin
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Wait:
    at_ms: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Publish:
    at_ms: int
    event: AppEvent


@dataclass(frozen=True, kw_only=True, slots=True)
class Pay:
    """A payment that waits for its verdict; `fraud` is the truth, which nobody is told.

    `scenario` names the rare day or the cold start that the payment is part of.
    """

    at_ms: int
    transaction: Transaction
    fraud: str | None
    scenario: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """The later outcome of a payment."""

    at_ms: int
    transaction: Transaction
    outcome: Outcome
    reason_code: str | None = None


@dataclass(frozen=True, slots=True)
class Spawn:
    """A story of its own, which goes on beside the one that started it."""

    story: "Story"


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """`verdict` is None when nobody answered."""

    at_ms: int
    verdict: Verdict | None


Act = Wait | Publish | Pay | Report
Story = Generator[Act | Spawn, Answer | None, None]


def child(rng: Random) -> Random:
    """A source of its own, so that one part's draws never shift another's."""
    return Random(rng.getrandbits(64))
