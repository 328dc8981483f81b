"""What a process is told by its environment, read once in its main."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from domain.errors import SettingMissing


@dataclass(frozen=True, kw_only=True)
class KafkaSettings:
    bootstrap: str

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        return cls(bootstrap=required(env, "FAREGATE_KAFKA", "where Kafka listens, as host:port"))


@dataclass(frozen=True, kw_only=True)
class ModelSettings:
    folder: Path

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        return cls(folder=Path(required(env, "FAREGATE_MODEL_DIR", "which folder holds the model")))


def required(env: Mapping[str, str], name: str, meaning: str) -> str:
    """The variable's value; raises SettingMissing, which names it and says what it is for."""
    value = env.get(name)
    if not value:
        raise SettingMissing(name, meaning)
    return value
