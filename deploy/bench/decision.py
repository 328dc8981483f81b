"""Decisions over HTTP in an open loop: payments come when they are due, however slow the answers are."""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable
from contextlib import nullcontext
from urllib.parse import urlsplit

from data_generator.population import City
from deploy.bench.benchmark import Result, Target, Tell
from deploy.bench.city.payments import asked_by_riders
from deploy.bench.figures.percentile import percentile
from deploy.bench.figures.server_counters import (
    DECISIONS,
    OVERRUNS,
    WORKERS_READY,
    ServerCounters,
    read_counters,
    stages_us,
)
from deploy.bench.load.calls import DECISION, ECHO, decision_call, echo_call, schedule
from deploy.bench.load.connections import Connections, Outcome
from deploy.bench.load.loops import Measured, closed_loop, open_loop
from deploy.bench.stack.processor import shares
from deploy.bench.stack.stillness import held_still
from deploy.embedded.errors import StackError
from deploy.embedded.history import Told

SUMMARY = "decisions a second and their times (ms, from when a payment was due), beside an echo's"
AT_ONCE = 8
SLICES = 4  # of decisions and of echoes, in turn: what disturbs the machine disturbs both
OK = 200
IN_TIME_S = 1.0  # what is answered later was not achieved at this rate


def options(parser: ArgumentParser) -> None:
    parser.add_argument("--rate", default="300", help="payments a second, or max: as many as it takes (300)")
    parser.add_argument("--seconds", type=float, default=30.0, help="how long to measure (30)")
    parser.add_argument("--warm-up", type=float, default=3.0, help="seconds before that, not counted (3)")
    parser.add_argument("--seed", type=int, default=1, help="who pays (1)")
    parser.add_argument("--paused", action="store_true", help="hold the stream and the dashboard still")


def run(target: Target, chosen: Namespace, tell: Tell) -> Result:
    caller = Caller(target, chosen.seed)
    held = held_still(target, chosen.warm_up + chosen.seconds) if chosen.paused else nullcontext(())
    with held as resting:
        if resting:
            tell(f"At rest meanwhile: {', '.join(resting)}; the watermark is moved by this benchmark")
        if chosen.rate == "max":
            return as_many_as_possible(caller, chosen, tell)
        return at_a_rate(caller, target, rate_of(chosen.rate), chosen, tell) | {"paused": bool(resting)}


def rate_of(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0 < rate <= 10_000:
        raise StackError(f"--rate is {text!r}: it must be a number up to 10,000, or max.")
    return rate


class Caller:
    """Simulated riders of this stack, a key if one is known, and connections to its API."""

    def __init__(self, target: Target, seed: int) -> None:
        told = Told.read(target.home)
        if told is None:
            raise StackError(f"The stack on {target.home.root} has no simulated riders to pay with.")
        self.url = target.urls["api"]
        self.host = urlsplit(self.url).netloc
        self.headers = {"Authorization": f"Bearer {target.api_key}"} if target.api_key else {}
        self.requests = asked_by_riders(City(told.size.seed, told.size.riders), seed)
        parts = urlsplit(self.url)
        self.connections = Connections(parts.hostname or "", parts.port or 80)
        self.echoes = self._has_echo()

    def counters(self) -> ServerCounters:
        return read_counters(self.url, self.headers)

    def decisions(self, rate: float, seconds: float) -> Measured:
        dues = schedule(
            self.requests,
            rate=rate,
            seconds=seconds,
            host=self.host,
            headers=self.headers,
            echoes=self.echoes,
        )
        return open_loop(self.connections, dues)

    def without_pause(self, kind: str, seconds: float) -> Measured:
        make = decision_call if kind == DECISION else echo_call
        calls = (make(request, self.host, self.headers) for request in self.requests)
        return closed_loop(self.connections, calls, AT_ONCE, seconds)

    def _has_echo(self) -> bool:
        call = echo_call(next(self.requests), self.host, self.headers)
        measured = closed_loop(self.connections, [call], 1, 1.0)
        return [outcome.status for outcome in measured.outcomes] == [OK]


def at_a_rate(caller: Caller, target: Target, rate: float, chosen: Namespace, tell: Tell) -> Result:
    if not caller.echoes:
        tell("The API has no /echo (FAREGATE_ECHO=1): decisions are measured without a yardstick")
    tell(f"{rate:.0f} payments a second, counted for {chosen.seconds:.0f} s after a warm-up")
    caller.decisions(rate, chosen.warm_up)
    before = caller.counters()
    with shares(target) as cores:
        measured = caller.decisions(rate, chosen.seconds)
    spent = caller.counters().since(before)
    return figures(measured, spent, rate, chosen.seconds) | {"core_percent": cores}


def figures(measured: Measured, spent: ServerCounters, rate: float, seconds: float) -> Result:
    decided = [outcome for outcome in measured.outcomes if outcome.kind == DECISION]
    good = [outcome for outcome in decided if outcome.status == OK]
    decisions_ms, echoes_ms = milliseconds(good), milliseconds(only(measured.outcomes, ECHO))
    p99, echo_p99 = percentile(decisions_ms, 0.99, 3), percentile(echoes_ms, 0.99, 3)
    late = sum(1 for outcome in good if outcome.seconds > IN_TIME_S)
    return {
        "rate": rate,
        "achieved": round((len(good) - late) / max(seconds, 1e-9), 1),
        "p50_ms": percentile(decisions_ms, 0.50, 3),
        "p99_ms": p99,
        "p999_ms": percentile(decisions_ms, 0.999, 3),
        "max_ms": percentile(decisions_ms, 1.0, 3),
        "echo_p50_ms": percentile(echoes_ms, 0.50, 3),
        "echo_p99_ms": echo_p99,
        "ratio_p99": round(p99 / echo_p99, 2) if p99 and echo_p99 else None,
        "decisions": len(good),
        "errors": len(decided) - len(good),
        "overruns": round(spent.total(OVERRUNS)),
        "counted_by_server": round(spent.total(DECISIONS)),
        "r0_share": share_of_rung(good, "R0"),
        "us_breakdown": breakdown(decisions_ms, spent, len(good)),
        "client_us": round(measured.client_cpu_s * 1e6 / max(len(measured.outcomes), 1), 1),
    }


def breakdown(decisions_ms: list[float], spent: ServerCounters, decisions: int) -> dict[str, float]:
    """Mean microseconds a decision by stage; `outside` is what the client waited beyond them all."""
    stages = stages_us(spent, decisions)
    seen_us = sum(decisions_ms) * 1_000 / max(len(decisions_ms), 1)
    return {**stages, "outside": round(seen_us - sum(stages.values()), 1), "seen": round(seen_us, 1)}


def as_many_as_possible(caller: Caller, chosen: Namespace, tell: Tell) -> Result:
    tell(f"{AT_ONCE} callers without pause, decisions and echoes in turn, {chosen.seconds:.0f} s together")
    workers = round(caller.counters().total(WORKERS_READY))
    if workers > 1:
        tell(f"{workers} workers answer: what one of them can do is measured with FAREGATE_API_WORKERS=1")
    caller.without_pause(DECISION, chosen.warm_up)
    slice_s = chosen.seconds / SLICES / (2 if caller.echoes else 1)
    made: dict[str, list[Measured]] = {DECISION: [], ECHO: []}
    for _ in range(SLICES):
        made[DECISION].append(caller.without_pause(DECISION, slice_s))
        if caller.echoes:
            made[ECHO].append(caller.without_pause(ECHO, slice_s))
    decisions_s, echoes_s = (per_second(kind, made[kind]) for kind in (DECISION, ECHO))
    decided = [outcome for measured in made[DECISION] for outcome in measured.outcomes]
    return {
        "rate": "max",
        "workers": max(workers, 1),
        "decisions_s": decisions_s,
        "echo_s": echoes_s,
        "ratio": round(decisions_s / echoes_s, 3) if decisions_s and echoes_s else None,
        "p50_ms": percentile(milliseconds(decided), 0.50, 3),
        "p99_ms": percentile(milliseconds(decided), 0.99, 3),
        "errors": sum(1 for outcome in decided if outcome.status != OK),
        "r0_share": share_of_rung([outcome for outcome in decided if outcome.status == OK], "R0"),
    }


def per_second(kind: str, slices: Iterable[Measured]) -> float | None:
    known = list(slices)
    seconds = sum(measured.seconds for measured in known)
    good = sum(len(only(measured.outcomes, kind)) for measured in known)
    return round(good / seconds, 1) if seconds else None


def only(outcomes: Iterable[Outcome], kind: str) -> list[Outcome]:
    """Those of a kind that were answered well."""
    return [outcome for outcome in outcomes if outcome.kind == kind and outcome.status == OK]


def milliseconds(outcomes: Iterable[Outcome]) -> list[float]:
    return [outcome.seconds * 1_000 for outcome in outcomes]


def share_of_rung(outcomes: list[Outcome], rung: str) -> float:
    on = sum(1 for outcome in outcomes if json.loads(outcome.body)["rung"] == rung)
    return round(on / len(outcomes), 4) if outcomes else 0.0
