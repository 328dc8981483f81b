"""How often the learner looks, when a payment counts as honest, and where the older past is."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from domain.display import DAY_MS
from domain.errors import FaregateError, SettingMissing
from domain.model_key import model_key


class SettingRefused(FaregateError):
    """An environment variable holds what cannot be used."""


@dataclass(frozen=True, kw_only=True)
class LearningSettings:
    """`training_set` is the replayed past that every offline model learns from."""

    key: bytes
    training_set: Path
    every_s: int = 180
    maturity_ms: int = 90 * DAY_MS
    recent_ms: int = 120 * DAY_MS  # how far back recent payments are looked at
    canary_share: float = 0.2

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Raises SettingMissing or SettingRefused."""
        training_set = env.get("FAREGATE_TRAINING_SET")
        if not training_set:
            raise SettingMissing("FAREGATE_TRAINING_SET", "where the training set of the past is (Parquet)")
        maturity_ms = 1000 * _seconds(env, "FAREGATE_MATURITY_S", cls.maturity_ms // 1000)
        return cls(
            key=model_key(env),
            training_set=Path(training_set),
            every_s=_seconds(env, "FAREGATE_LEARN_EVERY_S", cls.every_s),
            maturity_ms=maturity_ms,
            recent_ms=1000
            * _seconds(env, "FAREGATE_LEARN_RECENT_S", max(cls.recent_ms, 2 * maturity_ms) // 1000),
            canary_share=_share(env, "FAREGATE_CANARY_SHARE", cls.canary_share),
        )


def _seconds(env: Mapping[str, str], name: str, default: int) -> int:
    text = env.get(name, str(default))
    if not text.isdecimal() or not 1 <= int(text) <= 400 * DAY_MS // 1000:
        raise SettingRefused(f"{name} is {text!r}: it must be a whole number of seconds, at most 400 days.")
    return int(text)


def _share(env: Mapping[str, str], name: str, default: float) -> float:
    try:
        share = float(env.get(name, str(default)))
    except ValueError:
        share = 0.0
    if not 0 < share <= 0.5:
        raise SettingRefused(f"{name} is {env[name]!r}: it must be above 0 and at most 0.5.")
    return share
