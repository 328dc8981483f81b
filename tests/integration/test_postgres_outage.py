"""PostgreSQL goes away under load: every payment is answered in time, every key once, nothing is lost."""

import random
import signal
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from threading import Event, Lock

import httpx
import psutil
import psycopg
import pytest
from api_fleet import Caller, Fleet, Heard, a_fresh_body, fleet
from ledger_invariants import broken
from waiting import eventually

from app.migrations import migrate
from deploy.embedded import children, passwords, ports
from deploy.embedded.home import temporary_home
from deploy.embedded.postgres import Postgres

THREADS, PAUSE_S = 6, 0.02
OUTAGE_S, FROZEN_S = 10.0, 4.0
SHORT_FROZEN_S = 2.0  # beside other tests
OVERRUNS_BESIDE_OTHERS = 1 / 1000  # of answers: beside other tests the kernel itself may hold one up


class Server:
    """A PostgreSQL of our own, to take away."""

    def __init__(self, postgres: Postgres, spawner: children.Spawner) -> None:
        self.postgres = postgres
        self._spawner = spawner
        self.start()

    def start(self) -> None:
        self._process = self._spawner.spawn(self.postgres.launch())
        self.postgres.wait_ready(still_runs=lambda: self._process.poll() is None)

    def stop(self) -> None:
        children.stop(self._process, self.postgres.launch())

    def signal(self, number: signal.Signals) -> None:
        """To the server and all that serve connections."""
        server = psutil.Process(self._process.pid)
        for process in (server, *server.children(recursive=True)):
            process.send_signal(number)


@pytest.fixture
def server() -> Iterator[Server]:
    with temporary_home() as home:
        postgres = Postgres(
            home=home, port=ports.choose({}, {})["postgres"], passwords=passwords.load(home.secrets)
        )
        postgres.prepare()
        spawner = children.Spawner()
        started = Server(postgres, spawner)
        migrate(postgres.conninfo(passwords.OWNER))
        try:
            yield started
        finally:
            started.stop()
            spawner.close()


@pytest.fixture
def processes(server: Server, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Fleet]:
    owner, api = (server.postgres.conninfo(role) for role in (passwords.OWNER, "faregate_api"))
    # Other tests' load must not decide this one; the proof keeps to the usual deadline.
    proof = request.node.get_closest_marker("proof") is not None
    deadline_ms = "50" if proof else "100"
    with fleet(owner, api, tmp_path / "host", FAREGATE_DEADLINE_MS=deadline_ms) as started:
        yield started


class Load:
    """Threads that pay and retry what they paid before, at all processes."""

    def __init__(self, processes: Fleet, api_ports: list[int]) -> None:
        self._processes = processes
        self._ports = api_ports
        self._bodies: dict[str, bytes] = {}
        self._numbers = count()
        self._lock = Lock()
        self.heard: dict[str, list[tuple[str, float, Heard]]] = defaultdict(list)
        self.phase = "before"
        self._stop = Event()

    @contextmanager
    def running(self) -> Iterator[None]:
        with ThreadPoolExecutor(THREADS) as threads:
            working = [threads.submit(self._work, seed) for seed in range(THREADS)]
            try:
                yield
            finally:
                self._stop.set()
            for each in working:
                each.result()

    def retry_all(self) -> None:
        callers = self._callers()
        for number, key in enumerate(list(self._bodies)):
            self._ask(number % len(self._ports), key, callers)

    def _callers(self) -> list[Caller]:
        return [self._processes.caller(port) for port in self._ports]

    def _work(self, seed: int) -> None:
        chooser, callers = random.Random(seed), self._callers()
        while not self._stop.wait(PAUSE_S):
            key = self._new_key() if chooser.random() < 0.6 else self._known_key(chooser)
            self._ask(chooser.randrange(len(self._ports)), key, callers)

    def _new_key(self) -> str:
        with self._lock:
            number = next(self._numbers)
        key = "txn_outage" + "".join(chr(ord("a") + int(digit)) for digit in str(number))
        self._bodies[key] = a_fresh_body(key)
        return key

    def _known_key(self, chooser: random.Random) -> str:
        known = list(self._bodies)
        return chooser.choice(known) if known else self._new_key()

    def _ask(self, place: int, key: str, callers: list[Caller]) -> None:
        began, phase = time.monotonic(), self.phase
        answer = callers[place].decide(self._bodies[key], key)
        self.heard[key].append((phase, time.monotonic() - began, answer))


@pytest.mark.proof
def test_a_stopped_postgres_costs_no_payment_its_deadline(server: Server, processes: Fleet) -> None:
    outlive_a_stop(server, processes)


def test_a_frozen_postgres_costs_a_rung_and_nothing_else(server: Server, processes: Fleet) -> None:
    outlive_a_freeze(server, processes, SHORT_FROZEN_S, OVERRUNS_BESIDE_OTHERS)


@pytest.mark.proof
def test_a_frozen_postgres_costs_no_payment_its_deadline(server: Server, processes: Fleet) -> None:
    outlive_a_freeze(server, processes)


def outlive_a_stop(server: Server, processes: Fleet) -> None:
    load, api_ports = started(processes)
    with load.running():
        time.sleep(2)  # the load is what is waited for: some keys are decided before
        load.phase = "during"
        server.stop()
        time.sleep(OUTAGE_S)
        load.phase = "after"
        server.start()
        time.sleep(2)
    check(load, api_ports, server)


def outlive_a_freeze(
    server: Server, processes: Fleet, frozen_s: float = FROZEN_S, overruns_share: float = 0.0
) -> None:
    load, api_ports = started(processes)
    with load.running():
        time.sleep(1)
        load.phase = "during"
        server.signal(signal.SIGSTOP)
        try:
            time.sleep(frozen_s)
        finally:
            server.signal(signal.SIGCONT)
        load.phase = "after"
        time.sleep(2)
    check(load, api_ports, server, overruns_share)


def started(processes: Fleet) -> tuple[Load, list[int]]:
    api_ports = [processes.start() for _ in range(2)]
    for port in api_ports:
        processes.wait_ready(port)
    return Load(processes, api_ports), api_ports


def check(load: Load, api_ports: list[int], server: Server, overruns_share: float = 0.0) -> None:
    owner = server.postgres.conninfo(passwords.OWNER)
    eventually(lambda: pending(api_ports) == 0, what="the journal, drained")
    load.phase = "afterwards"
    load.retry_all()
    answers = [one for heard in load.heard.values() for one in heard]
    statuses = Counter(answer.status for _, _, answer in answers)
    assert set(statuses) == {200}, statuses
    for key, heard in load.heard.items():
        assert len({answer.body for _, _, answer in heard}) == 1, key
    rungs = Counter(
        (phase, answer.reply["rung_reason"]) for phase, _, answer in answers if not answer.replayed
    )
    assert rungs["during", "histories_unreadable"] > 20, rungs
    slow = sorted(seconds for _, seconds, _ in answers)
    figures = f"p50 {slow[len(slow) // 2] * 1000:.1f} ms, worst {slow[-1] * 1000:.1f} ms"
    sys.stdout.write(f"{len(answers)} answers, {figures}, {dict(rungs)}\n")
    assert overruns(api_ports) <= overruns_share * len(answers), figures
    with psycopg.connect(owner) as connection:
        kept = {
            key: bytes(reply)
            for key, reply in connection.execute("select idempotency_key, reply from decisions").fetchall()
        }
    assert kept == {key: heard[0][2].body for key, heard in load.heard.items()}
    assert broken(owner) == {}


def pending(api_ports: list[int]) -> float:
    return max(metric(port, "faregate_journal_pending") for port in api_ports)


def overruns(api_ports: list[int]) -> float:
    return sum(metric(port, "faregate_deadline_overruns_total") for port in api_ports)


def metric(port: int, name: str) -> float:
    page = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
    return sum(float(line.rpartition(" ")[2]) for line in page.splitlines() if line.startswith(name))
