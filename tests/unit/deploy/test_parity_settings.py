"""What the parity process is told by its environment."""

from datetime import timedelta
from pathlib import Path

import pytest

from deploy.parity.__main__ import ParitySettings, SettingRefused


def test_without_settings_it_looks_every_minute() -> None:
    settings = ParitySettings.from_env({"FAREGATE_HOME": "/h"})
    assert settings.archive == Path("/h/archive/raw")
    assert settings.every_s == 60
    assert settings.sampling.most == 50
    assert (settings.sampling.youngest, settings.sampling.oldest) == (
        timedelta(minutes=2),
        timedelta(minutes=5),
    )


@pytest.mark.parametrize("text", ["0", "-1", "soon", "", "1.5", "86401"])
def test_what_is_no_whole_number_of_seconds_is_refused(text: str) -> None:
    with pytest.raises(SettingRefused, match="FAREGATE_PARITY_EVERY_S"):
        ParitySettings.from_env({"FAREGATE_HOME": "/h", "FAREGATE_PARITY_EVERY_S": text})


def test_the_youngest_may_not_be_older_than_the_oldest() -> None:
    with pytest.raises(SettingRefused, match="FAREGATE_PARITY_YOUNGEST_S"):
        ParitySettings.from_env({"FAREGATE_HOME": "/h", "FAREGATE_PARITY_YOUNGEST_S": "300"})
