from pathlib import Path

import pytest

from domain.display import DAY_MS
from domain.errors import SettingMissing
from scoring.learning.settings import LearningSettings, SettingRefused

ENV = {"FAREGATE_MODEL_KEY": "ab" * 32, "FAREGATE_TRAINING_SET": "/somewhere/set.parquet"}


def test_what_is_not_said_has_a_default() -> None:
    settings = LearningSettings.from_env(ENV)
    assert (settings.every_s, settings.maturity_ms) == (180, 90 * DAY_MS)
    assert settings.training_set == Path("/somewhere/set.parquet")


def test_a_window_is_never_shorter_than_twice_the_maturity() -> None:
    settings = LearningSettings.from_env(ENV | {"FAREGATE_MATURITY_S": str(100 * 86_400)})
    assert settings.recent_ms == 200 * DAY_MS


@pytest.mark.parametrize("name", list(ENV))
def test_what_is_needed_is_asked_for(name: str) -> None:
    with pytest.raises(SettingMissing, match=name):
        LearningSettings.from_env({key: value for key, value in ENV.items() if key != name})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("FAREGATE_LEARN_EVERY_S", "0"),
        ("FAREGATE_LEARN_EVERY_S", "soon"),
        ("FAREGATE_MATURITY_S", "-5"),
        ("FAREGATE_CANARY_SHARE", "1"),
        ("FAREGATE_CANARY_SHARE", "few"),
    ],
)
def test_nonsense_is_refused_by_name(name: str, text: str) -> None:
    with pytest.raises(SettingRefused, match=f"{name} is '{text}'"):
        LearningSettings.from_env(ENV | {name: text})
