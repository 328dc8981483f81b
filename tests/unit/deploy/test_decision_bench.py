import json
import subprocess
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

import psutil
import pytest

from data_generator.population import City
from deploy.bench import decision, runner
from deploy.bench.benchmark import Benchmark, Target
from deploy.bench.city.payments import a_payment, a_stranger, as_asked, asked_by_riders
from deploy.bench.figures.percentile import percentile
from deploy.bench.figures.server_counters import ServerCounters, parsed, stages_us
from deploy.bench.load.calls import DECISION, ECHO, schedule
from deploy.bench.load.connections import Outcome
from deploy.bench.load.loops import Measured
from deploy.bench.stack import stillness
from deploy.embedded import status
from deploy.embedded.errors import StackError
from deploy.embedded.home import Home

PAGE = """# HELP faregate_stage_seconds Each part.
# TYPE faregate_stage_seconds histogram
faregate_stage_seconds_sum{stage="read"} %s
faregate_stage_seconds_sum{stage="keep"} %s
faregate_decisions_total{reason="",rung="R0",verdict="approve"} %s
faregate_decisions_total{reason="no_model",rung="R2",verdict="review"} 2.0
faregate_deadline_overruns_total %s
faregate_parity_as_known_share NaN
"""


def counters(read: float, keep: float, decided: float, overruns: float) -> ServerCounters:
    return parsed(PAGE % (read, keep, decided, overruns))


def outcome(ms: float, *, kind: str = DECISION, status: int = 200, rung: str = "R0") -> Outcome:
    return Outcome(kind, 10.0, 10.0 + ms / 1_000, status, json.dumps({"rung": rung}).encode())


@pytest.mark.parametrize(
    ("values", "share", "found"),
    [
        ([], 0.5, None),
        ([7.0], 0.99, 7.0),
        ([3, 1, 2], 0.5, 2),
        (range(1, 101), 0.99, 99),
        ([1, 2], 1.0, 2),
        ([1, 2], 0, 1),
    ],
)
def test_a_percentile_is_one_of_the_values(values: Any, share: float, found: float | None) -> None:
    assert percentile(values, share) == found


def test_what_the_server_spent_is_told_by_stage() -> None:
    spent = counters(3.0, 5.0, 1_000, 4).since(counters(1.0, 1.0, 0, 1))
    assert stages_us(spent, 1_000) == {"read": 2_000.0, "keep": 4_000.0}
    assert spent.total("faregate_decisions_total") == 1_000
    assert spent.total("faregate_deadline_overruns_total") == 3
    assert spent.by_label("faregate_decisions_total", "rung") == {"R0": 1_000, "R2": 0}


def test_figures_tell_decisions_from_echoes_and_failures() -> None:
    outcomes = [outcome(number) for number in range(1, 100)]
    outcomes += [outcome(5, rung="R1"), outcome(9, status=503), *(outcome(1, kind=ECHO) for _ in range(10))]
    spent = counters(0.2, 0.3, 100, 2).since(counters(0.0, 0.0, 0, 0))
    found = decision.figures(Measured(outcomes, 10.0, 0.011), spent, rate=10.1, seconds=10)
    assert (found["achieved"], found["errors"], found["overruns"]) == (10.0, 1, 2)
    assert found["r0_share"] == 0.99
    assert (found["p99_ms"], found["echo_p99_ms"], found["ratio_p99"]) == (98.0, 1.0, 98.0)
    assert found["us_breakdown"]["read"] == 2_000.0
    assert found["us_breakdown"]["seen"] == pytest.approx(sum(found["us_breakdown"].values()) / 2, rel=0.01)
    assert found["client_us"] == pytest.approx(0.011 / 111 * 1e6, abs=0.1)


def test_an_answer_after_a_second_was_not_achieved() -> None:
    outcomes = [outcome(1.0), outcome(1_500.0)]
    assert decision.figures(Measured(outcomes, 2.0, 0.0), counters(0, 0, 0, 0), 1, 2)["achieved"] == 0.5


def test_nothing_answered_is_no_division_by_zero() -> None:
    found = decision.figures(Measured([outcome(1, status=0)], 1.0, 0.0), counters(0, 0, 0, 0), 1, 1)
    assert (found["errors"], found["p99_ms"], found["ratio_p99"], found["r0_share"]) == (1, None, None, 0.0)


@pytest.mark.parametrize("rate", ["fast", "0", "-3", "1e9", "nan"])
def test_a_wrong_rate_is_refused_with_what_is_right(rate: str) -> None:
    with pytest.raises(StackError, match="up to 10,000, or max"):
        decision.rate_of(rate)


def test_every_tenth_decision_has_its_echo_half_way_to_the_next() -> None:
    riders = asked_by_riders(City(1, 50), 1)
    dues = schedule(
        riders, rate=100, seconds=0.3, host="api", headers={"Authorization": "Bearer x"}, echoes=True
    )
    assert [due.call.kind for due in dues].count(DECISION) == 30
    assert [due.after_s for due in dues if due.call.kind == ECHO] == pytest.approx([0.005, 0.105, 0.205])
    assert [due.after_s for due in dues] == sorted(due.after_s for due in dues)
    assert dues[0].call.request.partition(b"\r\n\r\n")[2] == dues[1].call.request.partition(b"\r\n\r\n")[2]
    assert b"Authorization: Bearer x\r\n" in dues[0].call.request


def test_each_payment_has_a_key_of_its_own() -> None:
    riders = asked_by_riders(City(1, 50), 1)
    dues = schedule(riders, rate=100, seconds=1, host="api", headers={}, echoes=False)
    keys = {due.call.request.partition(b"Idempotency-Key: ")[2].split(b"\r\n")[0] for due in dues}
    assert len(keys) == 100


def test_the_same_seed_lets_the_same_riders_pay() -> None:
    def paid() -> list[tuple[str, int]]:
        return [(each.user_id, each.amount_minor) for each in islice(asked_by_riders(City(1, 50), 7), 20)]

    assert paid() == paid()


def test_a_payment_is_asked_as_it_is_told() -> None:
    payment = a_payment(a_stranger())
    request = as_asked(payment)
    assert request.transaction().pickup_zone == payment.pickup_zone
    assert request.transaction_id == payment.id


def test_what_belongs_to_several_benchmarks_is_no_benchmark() -> None:
    assert {"decision", "features", "freshness", "memory", "score", "stream"} <= set(runner.names())
    assert not {"runner", "benchmark", "load", "city", "stack", "figures"} & set(runner.names())
    assert all(runner.load(name).SUMMARY for name in runner.names())


def test_a_benchmark_that_is_ended_cleans_up_behind_itself(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys; from pathlib import Path; from deploy.bench import runner;"
        "from deploy.embedded.home import Home; runner.run('list', [], Home(root=Path(sys.argv[1])), {})\n"
        "try:\n    os.kill(os.getpid(), signal.SIGTERM)\nfinally:\n    print('put right')"
    )
    command = (sys.executable, "-c", script, str(tmp_path))
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout.splitlines()[-1]) == (143, "put right")


def test_it_measures_300_a_second_unless_told_otherwise() -> None:
    parser = ArgumentParser()
    decision.options(parser)
    chosen = parser.parse_args([])
    assert (chosen.rate, chosen.seconds, chosen.paused) == ("300", 30.0, False)
    assert isinstance(decision, Benchmark)


@pytest.fixture
def part() -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen((sys.executable, "-c", "import time; time.sleep(60)"))
    yield process
    process.kill()
    process.wait()


def stack_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **parts: int) -> Target:
    living = status.StackStatus(
        pid=1,
        pid_started=1,
        state="ready",
        started_at="",
        instance="",
        parts=tuple(status.PartStatus(name=name, state="ready", pid=pid) for name, pid in parts.items()),
    )
    monkeypatch.setattr(status, "living", lambda _: living)
    monkeypatch.setattr(stillness, "_move", lambda *_: None)
    return Target(home=Home(root=tmp_path), pid=1, urls={}, conninfo={"faregate_owner": ""})


def state_of(process: "subprocess.Popen[bytes]", wanted: str) -> bool:
    deadline = time.monotonic() + 5
    while psutil.Process(process.pid).status() != wanted and time.monotonic() < deadline:
        time.sleep(0.01)
    return psutil.Process(process.pid).status() == wanted


def test_the_stream_is_held_and_goes_on_even_after_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: "subprocess.Popen[bytes]"
) -> None:
    target = stack_of(tmp_path, monkeypatch, writer=part.pid)
    with suppress(ZeroDivisionError), stillness.held_still(target, 5) as held:
        assert held == ("writer",)
        assert state_of(part, psutil.STATUS_STOPPED)
        raise ZeroDivisionError
    assert state_of(part, psutil.STATUS_SLEEPING)


def test_what_decides_is_never_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: "subprocess.Popen[bytes]"
) -> None:
    target = stack_of(tmp_path, monkeypatch, api=part.pid, postgres=part.pid)
    with stillness.held_still(target, 5) as held:
        assert held == ()
        assert psutil.Process(part.pid).status() != psutil.STATUS_STOPPED


def test_it_is_not_held_for_longer_than_flink_bears(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = stack_of(tmp_path, monkeypatch)
    with pytest.raises(StackError, match="at most 40 s"), stillness.held_still(target, 60):
        pass
