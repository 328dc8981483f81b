from pathlib import Path

import pytest

from app.settings import ApiSettings, SettingRefused


def test_defaults() -> None:
    settings = ApiSettings.from_env({})
    assert (settings.host, settings.port, settings.model_folder) == ("127.0.0.1", 8080, None)
    assert settings.deadline.total_s == 0.05


def test_all_of_it() -> None:
    settings = ApiSettings.from_env(
        {
            "FAREGATE_API_HOST": "0.0.0.0",  # noqa: S104 - not bound
            "FAREGATE_API_PORT": "9000",
            "FAREGATE_INSTANCE": "a",
            "FAREGATE_MODEL_DIR": "/models/champion",
            "FAREGATE_DEADLINE_MS": "80",
        }
    )
    assert (settings.port, settings.instance, settings.deadline.total_s) == (9000, "a", 0.08)
    assert settings.model_folder == Path("/models/champion")


@pytest.mark.parametrize("port", ["", "0", "65536", "-1", "http", "80.0"])
def test_a_wrong_port_is_refused_by_name(port: str) -> None:
    with pytest.raises(SettingRefused, match="FAREGATE_API_PORT"):
        ApiSettings.from_env({"FAREGATE_API_PORT": port})
