"""What the approval API is told by its environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from app.access.gate import GateSettings
from app.deadline import Deadline
from domain.errors import FaregateError
from domain.model_key import VARIABLE, model_key

MOST_PASS_THROUGH = 0.05


class SettingRefused(FaregateError):
    """An environment variable holds what cannot be used."""


@dataclass(frozen=True, kw_only=True)
class ApiSettings:
    """Where PostgreSQL is and who we are there is left to libpq's own PG* variables."""

    host: str = "127.0.0.1"
    port: int = 8080
    instance: str | None = None
    echo: bool = False  # answers at /echo too: the yardstick of benchmarks
    hsts: bool = False  # for deployments that are reached over TLS alone
    model_folder: Path | None = None  # pins one model; without it the registry says which serve
    model_key: bytes | None = None
    pass_through: float = 0.005  # of the payments that would be stopped, drawn by card and day
    pass_through_most_minor: int = 5_000  # a card and day
    deadline: Deadline = field(default_factory=Deadline)
    gate: GateSettings = field(default_factory=lambda: GateSettings(state_folder=Path()))

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        folder = env.get("FAREGATE_MODEL_DIR")
        return cls(
            host=env.get("FAREGATE_API_HOST", cls.host),
            port=_whole(env, "FAREGATE_API_PORT", cls.port, 1, 65535),
            instance=env.get("FAREGATE_INSTANCE"),
            echo=env.get("FAREGATE_ECHO") == "1",
            hsts=env.get("FAREGATE_HSTS") == "1",
            model_folder=Path(folder) if folder else None,
            model_key=_model_key(env),
            pass_through=_share(env, "FAREGATE_PASS_THROUGH", cls.pass_through),
            pass_through_most_minor=_whole(
                env, "FAREGATE_PASS_THROUGH_MOST_MINOR", cls.pass_through_most_minor, 0, 10_000_000
            ),
            gate=GateSettings.from_env(env),
            deadline=Deadline(total_s=_whole(env, "FAREGATE_DEADLINE_MS", 50, 20, 10_000) / 1000),
        )


def _model_key(env: Mapping[str, str]) -> bytes | None:
    """None where nobody gave one: no model of the registry is loaded then, and no payment passes through."""
    return model_key(env) if VARIABLE in env or f"{VARIABLE}_FILE" in env else None


def _share(env: Mapping[str, str], name: str, default: float) -> float:
    text = env.get(name, str(default))
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= MOST_PASS_THROUGH:
        raise SettingRefused(f"{name} is {text!r}: it must be a share from 0 to {MOST_PASS_THROUGH}.")
    return share


def _whole(env: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = env.get(name, str(default))
    if not text.isdecimal() or not least <= int(text) <= most:
        raise SettingRefused(f"{name} is {text!r}: it must be a whole number from {least} to {most}.")
    return int(text)
