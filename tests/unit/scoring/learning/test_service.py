"""The parent of rounds, with small scripts in place of rounds."""

import sys
import threading
import time
from pathlib import Path

import pytest

from scoring.learning.service import Clock, run_round, serve


def script(text: str) -> tuple[str, ...]:
    return (sys.executable, "-c", text)


def test_a_round_gets_a_folder_that_is_gone_afterwards(tmp_path: Path) -> None:
    told = tmp_path / "told"
    writes = "import sys, pathlib; s = pathlib.Path(sys.argv[1]); (s / 'half').write_text('x'); "
    writes += f"pathlib.Path({str(told)!r}).write_text(f'{{s}} {{sys.argv[2]}}')"
    assert run_round(threading.Event(), 7_000, command=script(writes)) == 0
    folder, jumped_ms = told.read_text().split()
    assert not Path(folder).exists()
    assert jumped_ms == "7000"


def test_a_round_that_is_killed_leaves_no_folder_and_the_next_one_comes(tmp_path: Path) -> None:
    told, stop = tmp_path / "told", threading.Event()
    dies = f"import os, sys; open({str(told)!r}, 'a').write(sys.argv[1] + '\\n'); os.kill(os.getpid(), 9)"
    served = threading.Thread(target=serve, args=(0.05, stop), kwargs={"command": script(dies)})
    served.start()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and (not told.exists() or told.read_text().count("\n") < 3):
        time.sleep(0.02)
    stop.set()
    served.join(10)
    folders = told.read_text().split()
    assert len(folders) >= 3
    assert not any(Path(folder).exists() for folder in folders)


def test_stopping_kills_the_round_that_is_at_work(tmp_path: Path) -> None:
    stop, began = threading.Event(), tmp_path / "began"
    sleeps = f"import time; open({str(began)!r}, 'w'); time.sleep(60)"

    def stop_it() -> None:
        while not began.exists():
            time.sleep(0.01)
        stop.set()

    stopper = threading.Thread(target=stop_it)
    stopper.start()
    assert run_round(stop, command=script(sleeps)) == -9
    stopper.join()


@pytest.mark.parametrize(
    ("wall_s", "jumped_ms"), [(60.0, 0), (61.0, 0), (3_660.0, 3_600_000), (-3_600.0, 0), (64.9, 0)]
)
def test_a_clock_that_is_set_forward_is_noticed_once(wall_s: float, jumped_ms: int) -> None:
    walls, steadies = iter([0.0, wall_s, wall_s + 60]), iter([0.0, 60.0, 120.0])
    clock = Clock(wall=lambda: next(walls), steady=lambda: next(steadies))
    assert [clock.jumped_ms(), clock.jumped_ms()] == [jumped_ms, 0]
