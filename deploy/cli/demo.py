"""`faregate demo`: everything started, riders paying, fraud being blocked before your eyes."""

import json
import logging
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from rich.console import Console
from rich.live import Live

from deploy.cli import demo_numbers
from deploy.cli.audit import audit
from deploy.cli.database import CONSOLE, local_conninfo
from deploy.cli.demo_view import Picture
from deploy.cli.lag import LagMeter
from deploy.cli.up import StopWish, how_to_sign_in, start_interruptibly
from deploy.embedded import status
from deploy.embedded.children import Launch, Spawner, stop
from deploy.embedded.errors import StackError
from deploy.embedded.home import PROJECT, Home
from deploy.embedded.services import Learning, common_environment
from deploy.embedded.stack import Stack, StackOptions
from domain.display import DAY_MS
from domain.labels import MATURITY_DAYS

RATE = 10.0  # the riders of the default city can pay so often without seeming to be in a rush
TIME_SCALE = 2_000.0  # a chargeback of three weeks comes after a quarter of an hour
PLAIN_EVERY_S = 5.0
REFRESH_S = 1.0


def demo(home: Home, env: Mapping[str, str]) -> int:
    """Exit code 0 when it ran as long as it was to; the last line of stdout is the audit as JSON."""
    seconds = _seconds(env)
    logging.basicConfig(filename=_log_file(home), level=logging.INFO, format="%(asctime)s %(message)s")
    console = Console(stderr=True)
    wish = StopWish()
    with _stack(home, env, wish, console) as running:
        if running is None:
            return 130
        Run(home=home, env=env, running=running, wish=wish, console=console).show(seconds)
    return 0


def _seconds(env: Mapping[str, str]) -> float | None:
    text = env.get("DEMO_SECONDS", "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        raise StackError(f"DEMO_SECONDS is {text!r}: it must be a number of seconds, such as 60.") from None
    return seconds or None


def _log_file(home: Home) -> str:
    home.make()
    return str(home.logs / "supervisor.log")


@contextmanager
def _stack(
    home: Home, env: Mapping[str, str], wish: StopWish, console: Console
) -> Iterator[status.StackStatus | None]:
    """The stack that is up, left as it is afterwards; else one of our own. None when interrupted."""
    living = status.living(home)
    if living:
        console.print(f"Using the stack that runs on {home.root} (pid {living.pid}).", highlight=False)
        yield living
        return
    learning = Learning(maturity_s=round(MATURITY_DAYS * DAY_MS / 1000 / TIME_SCALE))
    stack = Stack(home=home, env=env, options=StackOptions(learning=learning))
    if not start_interruptibly(stack, wish, console):
        yield None
        return
    try:
        yield status.living(home)
    finally:
        console.print("Stopping …")
        stack.stop()


@dataclass(kw_only=True)
class Run:
    home: Home
    env: Mapping[str, str]
    running: status.StackStatus
    wish: StopWish
    console: Console

    def show(self, seconds: float | None) -> None:
        with psycopg.connect(local_conninfo(self.home, CONSOLE), autocommit=True) as connection:
            (since,) = connection.execute("select clock_timestamp()").fetchone() or (None,)
            run_id = f"demo-{since:%Y%m%dT%H%M%S}"
            tally = demo_numbers.Tally(path=self.home.simulator / f"{run_id}.jsonl")
            with self._simulator(run_id):
                self._watch(connection, since, tally, seconds)
            self.console.print("Recounting from the ledger, Kafka and the simulator's record …")
            found = audit(connection, self.running.urls["kafka"], since, tally.path)
        print(json.dumps(found.as_dict()), flush=True)

    @contextmanager
    def _simulator(self, run_id: str) -> Iterator[None]:
        """A process of its own; it ends by itself when asked, with all its answers in."""
        kafka = self.running.urls["kafka"]
        options = [f"--rate={RATE}", f"--time-scale={TIME_SCALE}", f"--run-id={run_id}"]
        launch = Launch(
            name="simulator",
            argv=(sys.executable, "-m", "deploy.cli.main", "simulate", *options),
            env=common_environment(self.env, self.home, kafka, self.running.instance),
            cwd=PROJECT,
            log=self.home.logs / "simulator.log",
            stop_timeout_s=15,
        )
        spawner = Spawner()
        process = spawner.spawn(launch)
        try:
            yield
            if process.poll() is not None and not self.wish.is_set():
                raise StackError(f"The simulator ended by itself; {launch.log} says why.")
        finally:
            stop(process, launch)
            spawner.close()

    def _watch(
        self, connection: Any, since: datetime, tally: demo_numbers.Tally, seconds: float | None
    ) -> None:
        show = self._live if self.console.is_terminal else self._plain
        with closing(LagMeter(bootstrap=self.running.urls["kafka"])) as meter:
            show(self._pictures(connection, since, tally, meter, seconds))

    def _pictures(
        self,
        connection: Any,
        since: datetime,
        tally: demo_numbers.Tally,
        meter: LagMeter,
        seconds: float | None,
    ) -> Iterator[Picture]:
        began = time.monotonic()
        while not self.wish.wait(REFRESH_S) and (seconds is None or time.monotonic() - began < seconds):
            tally.follow()
            yield Picture(
                seconds=time.monotonic() - began,
                tally=tally,
                recent=demo_numbers.recent(connection, since),
                stopped=demo_numbers.last_stopped_fraud(connection, since, tally.fraud_of),
                lags={"Flink": meter.lag("faregate-histories"), "writer": meter.lag("faregate-writer")},
                urls=self.running.urls,
                sign_in=how_to_sign_in(self.home),
            )

    def _live(self, pictures: Iterator[Picture]) -> None:
        with Live(console=self.console, auto_refresh=False, vertical_overflow="visible") as live:
            for picture in pictures:
                live.update(picture.render(), refresh=True)

    def _plain(self, pictures: Iterator[Picture]) -> None:
        """For a log: each blocked fraud once, and the numbers now and then."""
        last, said = "", 0.0
        for picture in pictures:
            if picture.stopped and picture.stopped.transaction_id != last:
                last = picture.stopped.transaction_id
                self.console.print("\n".join(picture.stopped_lines(picture.stopped)), highlight=False)
            if picture.seconds - said >= PLAIN_EVERY_S:
                said = picture.seconds
                line = " · ".join(f"{label}: {value}" for label, value in picture.lines())
                self.console.print(f"{picture.seconds:.0f} s · {line}", highlight=False, soft_wrap=True)
