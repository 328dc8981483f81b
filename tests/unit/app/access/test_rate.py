import multiprocessing
import time
from pathlib import Path

import pytest

from app.access import rate
from app.access.rate import Rates, RatesUnusable

S = 1_000_000_000


class Clock:
    def __init__(self) -> None:
        self.ns = 1_000 * S

    def __call__(self) -> int:
        return self.ns


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def rates(tmp_path: Path, clock: Clock) -> Rates:
    return Rates(tmp_path / "rates.bin", clock)


def allowed(rates: Rates, calls: int, *, key: str = "key_a", rate_per_s: int = 10, burst: int = 5) -> int:
    return sum(rates.take(key, rate_per_s, burst) == 0 for _ in range(calls))


def test_a_burst_and_no_more(rates: Rates) -> None:
    assert allowed(rates, 20) == 5


def test_after_the_burst_calls_come_back_at_the_rate(rates: Rates, clock: Clock) -> None:
    allowed(rates, 20)
    clock.ns += S // 10
    assert allowed(rates, 20) == 1
    clock.ns += 10 * S
    assert allowed(rates, 20) == 5


def test_who_comes_too_early_is_told_how_long_to_wait(rates: Rates, clock: Clock) -> None:
    allowed(rates, 5)
    wait_s = rates.take("key_a", 10, 5)
    assert wait_s == pytest.approx(0.1)
    clock.ns += round(wait_s * S)
    assert rates.take("key_a", 10, 5) == 0


def test_refused_calls_cost_nothing(rates: Rates, clock: Clock) -> None:
    allowed(rates, 1_000)
    clock.ns += S // 10
    assert rates.take("key_a", 10, 5) == 0


def test_each_key_has_its_own(rates: Rates) -> None:
    assert [allowed(rates, 20, key=f"key_{n}") for n in range(50)] == [5] * 50


def test_a_restart_of_the_process_forgets_nothing(tmp_path: Path, rates: Rates, clock: Clock) -> None:
    allowed(rates, 5)
    rates.close()
    assert allowed(Rates(tmp_path / "rates.bin", clock), 5) == 0


def test_a_clock_that_began_anew_locks_nobody_out(tmp_path: Path, rates: Rates, clock: Clock) -> None:
    """After a restart of the host the file holds times that are far ahead."""
    allowed(rates, 5)
    clock.ns = 10 * S
    assert allowed(Rates(tmp_path / "rates.bin", clock), 9) == 5


def test_more_keys_than_places_take_over_what_nobody_needs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, clock: Clock
) -> None:
    monkeypatch.setattr(rate, "SLOTS", 4)
    rates = Rates(tmp_path / "rates.bin", clock)
    assert [allowed(rates, 9, key=f"key_{n}") for n in range(4)] == [5] * 4
    assert rates.take("key_new", 10, 5) == 1.0
    clock.ns += 10 * S
    assert [allowed(rates, 9, key=f"key_{n}") for n in (7, 2, 8, 3)] == [5] * 4
    assert [allowed(rates, 1, key=f"key_{n}") for n in (7, 2, 8, 3)] == [0] * 4


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(RatesUnusable, match=r"rates\.bin"):
        Rates(tmp_path / "none" / "rates.bin")


def _hold(path: Path, held: "multiprocessing.synchronize.Event") -> None:
    rates = Rates(path)
    assert rates._lock()
    held.set()
    time.sleep(30)  # until it is killed


def test_a_lock_that_is_never_let_go_is_not_waited_for(tmp_path: Path, rates: Rates) -> None:
    spawn = multiprocessing.get_context("fork")
    held = spawn.Event()
    holder = spawn.Process(target=_hold, args=(tmp_path / "rates.bin", held))
    holder.start()
    assert held.wait(10)
    began = time.monotonic()
    assert rates.take("key_a", 1, 1) == 0
    assert time.monotonic() - began < 1
    holder.kill()
    holder.join()
    assert allowed(rates, 9) == 5


def _take_many(path: Path, count: int, gate: "multiprocessing.synchronize.Barrier", out: object) -> None:
    rates = Rates(path)
    gate.wait()
    out.put(sum(rates.take("key_a", 1, 500) == 0 for _ in range(count)))  # type: ignore[attr-defined]


def test_the_count_is_exact_over_processes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(rate, "_PATIENCE_NS", 20 * S)  # who loses its core here, holds the lock for long
    spawn = multiprocessing.get_context("fork")
    gate, out = spawn.Barrier(4), spawn.Queue()
    began = time.monotonic()
    processes = [
        spawn.Process(target=_take_many, args=(tmp_path / "rates.bin", 1_000, gate, out)) for _ in range(4)
    ]
    for process in processes:
        process.start()
    taken = sum(out.get(timeout=30) for _ in processes)
    for process in processes:
        process.join(10)
    assert 500 <= taken <= 501 + (time.monotonic() - began)
