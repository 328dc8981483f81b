"""What the approval API is told by its environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from app.access.gate import GateSettings
from app.deadline import Deadline
from domain.errors import FaregateError


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
    model_folder: Path | None = None
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
            gate=GateSettings.from_env(env),
            deadline=Deadline(total_s=_whole(env, "FAREGATE_DEADLINE_MS", 50, 20, 10_000) / 1000),
        )


def _whole(env: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = env.get(name, str(default))
    if not text.isdecimal() or not least <= int(text) <= most:
        raise SettingRefused(f"{name} is {text!r}: it must be a whole number from {least} to {most}.")
    return int(text)
