"""Whether this process lives, and whether it can do its work: found out by doing it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from msgspec import Struct

from domain.errors import FaregateError

OK = "ok"
Status = Literal["ready", "degraded", "unready"]


class Alive(Struct, frozen=True, kw_only=True):
    status: Literal["alive"] = "alive"
    instance: str | None


class Readiness(Struct, frozen=True, kw_only=True):
    """Degraded: decisions are made, on rung R2. Each check is "ok" or what is wrong."""

    status: Status
    decision: str
    ledger: str
    schema: str
    model: str
    model_version: str | None


@dataclass(frozen=True, kw_only=True)
class Health:
    probe_decision: Callable[[], Awaitable[None]]
    probe_ledger: Callable[[], Awaitable[None]]
    probe_schema: Callable[[], Awaitable[None]]
    model_version: Callable[[], str | None]
    model_refusal: Callable[[], str | None]
    instance: str | None

    def alive(self) -> Alive:
        return Alive(instance=self.instance)

    async def ready(self) -> Readiness:
        ledger, schema = await _tried(self.probe_ledger), await _tried(self.probe_schema)
        decision = await _tried(self.probe_decision)
        works = ledger == OK and schema == OK
        refusal = self.model_refusal()
        full = decision == OK and not refusal
        status: Status = "unready" if not works else "ready" if full else "degraded"
        return Readiness(
            status=status,
            decision=decision,
            ledger=ledger,
            schema=schema,
            model=refusal or OK,
            model_version=self.model_version(),
        )


async def _tried(probe: Callable[[], Awaitable[None]]) -> str:
    try:
        await probe()
    except FaregateError as error:
        return str(error)
    return OK
