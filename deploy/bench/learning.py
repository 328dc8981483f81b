"""A new attack at minute 0: how soon the loop learns it, what that takes, and what it is worth."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg

from data_generator.outcomes import maturity_ms
from data_generator.truth import PaymentTruth, read_truth
from deploy.bench.benchmark import Result, Tell
from deploy.bench.loop.judgement import attack_precision, money_lost_minor, oracle_precision
from deploy.bench.loop.progress import Progress, Promoted
from deploy.bench.loop.true_rows import true_rows
from deploy.embedded import passwords
from deploy.embedded.children import last_words
from deploy.embedded.errors import StackError
from deploy.embedded.history import HistorySize
from deploy.embedded.home import PROJECT, Home, temporary_home
from deploy.embedded.services import Learning
from deploy.embedded.stack import Stack, StackOptions
from scoring.learning.contender import Contender
from scoring.learning.past import Past
from scoring.registry import Registry

SUMMARY = "a new attack at minute 0: minutes until a promoted model decides, average precision, money"
RUN = "bench-learning"
LOG = "simulator.log"
LOOK_EVERY_S = 1.0


def options(parser: ArgumentParser) -> None:
    parser.add_argument("--attack", default="gps_spoofing", help="what the past does not know (gps_spoofing)")
    parser.add_argument("--attack-share", type=float, default=0.05, help="of the payments (0.05)")
    parser.add_argument("--rate", type=float, default=12.0, help="payments a second (12)")
    parser.add_argument("--time-scale", type=float, default=60_000.0, help="compresses label delay (60000)")
    parser.add_argument("--every", type=int, default=20, help="seconds between rounds (20)")
    parser.add_argument("--minutes", type=float, default=14.0, help="wait so long for a promotion (14)")
    parser.add_argument("--judged", type=float, default=150.0, help="seconds judged after it (150)")
    parser.add_argument("--payments", type=int, default=20_000, help="in the past (20000)")
    parser.add_argument("--seed", type=int, default=7, help="of the past and of the run (7)")


def run_alone(chosen: Namespace, tell: Tell) -> Result:
    with temporary_home() as home:
        stack = Stack(home=home, env=os.environ, options=_options(chosen))
        tell(f"Starting a stack whose past does not know {chosen.attack}")
        stack.start()
        try:
            conninfo = stack.addresses.conninfo[passwords.OWNER]
            with psycopg.connect(conninfo, autocommit=True) as connection:
                progress = Progress(connection, tell)
                with _city(home, chosen) as city:
                    promoted = _wait(progress, city, home.logs / LOG, chosen)
                return _judged(home, connection, progress, promoted, chosen)
        finally:
            stack.stop()


def _options(chosen: Namespace) -> StackOptions:
    maturity_s = maturity_ms(chosen.time_scale) // 1000 + 1
    return StackOptions(
        size=HistorySize(payments=chosen.payments, seed=chosen.seed, without=(chosen.attack,)),
        with_dashboard=False,
        learning=Learning(every_s=chosen.every, maturity_s=maturity_s),
    )


@contextmanager
def _city(home: Home, chosen: Namespace) -> Iterator["subprocess.Popen[bytes]"]:
    """Riders, thieves and analysts, until the block ends."""
    wanted: Mapping[str, object] = {
        "--rate": chosen.rate,
        "--seed": chosen.seed,
        "--time-scale": chosen.time_scale,
        "--run-id": RUN,
        "--attack": chosen.attack,
        "--attack-share": chosen.attack_share,
    }
    arguments = [word for name, value in wanted.items() for word in (name, str(value))]
    with (home.logs / LOG).open("wb") as said:
        city = subprocess.Popen(
            [sys.executable, "-m", "deploy.cli.main", "simulate", *arguments],
            cwd=PROJECT,
            env={**os.environ, "FAREGATE_HOME": str(home.root)},
            stdout=said,
            stderr=said,
        )
        try:
            yield city
        finally:
            city.send_signal(signal.SIGTERM)
            city.wait(60)


def _wait(
    progress: Progress, city: "subprocess.Popen[bytes]", log: Path, chosen: Namespace
) -> Promoted | None:
    """Until a promoted model has decided for a while; None when time is up."""
    deadline = time.monotonic() + 60 * chosen.minutes
    ends: float | None = None
    while ends is None or time.monotonic() < ends:
        progress.tell_rounds()
        if ends is None and progress.promoted():
            ends = time.monotonic() + chosen.judged
        if ends is None and time.monotonic() > deadline:
            return None
        if city.poll() is not None:
            raise StackError(f"The simulated city ended by itself. Its log ends: {last_words(log)}")
        time.sleep(LOOK_EVERY_S)
    return progress.promoted()


def _judged(
    home: Home,
    connection: "psycopg.Connection[tuple[object, ...]]",
    progress: Progress,
    promoted: Promoted | None,
    chosen: Namespace,
) -> Result:
    first_ms = progress.first_decision_ms(promoted) if promoted else None
    if promoted is None or first_ms is None:
        return {"attack": chosen.attack, "minutes_to_promoted": None}
    truths = read_truth(home.simulator / f"{RUN}.jsonl")
    rows = true_rows(connection, truths)
    judged, told = rows.since(first_ms), rows.before(first_ms)
    key = passwords.model_key(home)
    with tempfile.TemporaryDirectory() as scratch:
        loop, frozen = (
            Contender.load(Registry(connection).folder_of(version, Path(scratch)), key).answers(
                judged.vectors
            )
            for version in (promoted.version, progress.first_champion())
        )
    oracle = oracle_precision(Past.read(home.training_set), told, judged, chosen.attack)
    ap_loop, ap_frozen = (attack_precision(judged, answers, chosen.attack) for answers in (loop, frozen))
    known_ms = progress.known_ms(_transactions(truths, chosen.attack))
    return {
        "attack": chosen.attack,
        "ap_loop": round(ap_loop, 4),
        "ap_frozen": round(ap_frozen, 4),
        "ap_oracle": round(oracle, 4),
        "gap_closed": round((ap_loop - ap_frozen) / (oracle - ap_frozen), 3) if oracle > ap_frozen else None,
        "money_lost_loop": money_lost_minor(judged, loop),
        "money_lost_frozen": money_lost_minor(judged, frozen),
        "minutes_to_promoted": round((first_ms - known_ms) / 60_000, 2) if known_ms else None,
        "compute_s": round(progress.compute_s(first_ms), 1),
        "payments_judged": len(judged),
        "attack_payments_judged": int((judged.kinds == chosen.attack).sum()),
    }


def _transactions(truths: list[PaymentTruth], attack: str) -> list[str]:
    return [truth.transaction_id for truth in truths if truth.fraud == attack]
