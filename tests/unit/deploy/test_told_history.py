"""Which past a home has, and what it does not know of."""

from pathlib import Path
from typing import Any

import pytest

from deploy.embedded import bootstrap
from deploy.embedded.history import History, HistorySize, Told
from deploy.embedded.home import Home, read_json, write_json
from deploy.embedded.services import Services, common_environment


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(root=tmp_path)
    made.make()
    return made


def test_what_was_told_is_read_again(home: Home) -> None:
    assert Told.read(home) is None
    told = Told(size=HistorySize(payments=9, without=("ghost_trips", "promo_farm")), end_ms=5, done=True)
    told.write(home)
    assert Told.read(home) == told


def test_a_home_of_an_earlier_release_knows_every_attack(home: Home) -> None:
    Told(size=HistorySize(payments=9), end_ms=5).write(home)
    content = read_json(home.history)
    del content["size"]["without"]
    write_json(home.history, content)
    assert Told.read(home) == Told(size=HistorySize(payments=9), end_ms=5)


def test_attacks_to_leave_out_reach_the_process_that_simulates(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    launched: list[tuple[str, ...]] = []

    class Once:
        def run_once(self, launch: Any, _timeout_s: float) -> int:
            launched.append(launch.argv)
            return 0

    services = Services(
        home=home,
        ports={"postgres": 3},
        passwords={"faregate_learner": "pw"},
        env=common_environment({}, home, "k:1", "i-1"),
        instance="i-1",
    )
    size = HistorySize(payments=9, riders=4, without=("ghost_trips", "promo_farm"))
    History(home=home, services=services, supervisor=Once()).make(size)  # type: ignore[arg-type]
    made: list[HistorySize] = []
    monkeypatch.setattr(bootstrap, "history", lambda _home, _kafka, wanted: made.append(wanted))
    arguments = launched[0][3:]
    assert bootstrap.main(arguments, {"FAREGATE_HOME": str(home.root), "FAREGATE_KAFKA": "k:1"}) == 0
    assert made == [size]


@pytest.mark.parametrize("arguments", [[], ["history", "7"], ["teach"]])
def test_a_wrong_call_says_the_right_one(arguments: list[str], caplog: pytest.LogCaptureFixture) -> None:
    assert bootstrap.main(arguments, {}) == 2
    assert "usage" in caplog.text
