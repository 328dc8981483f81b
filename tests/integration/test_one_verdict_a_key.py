"""Many threads retry the same keys at two API processes: one row and one verdict a key, over midnight too."""

import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path

import psycopg
import pytest
from api_fleet import Caller, Fleet, Heard, a_fresh_body, fleet
from ledger_invariants import broken

THREADS, PROCESSES, KEYS = 64, 2, 500
TRIES, TRIES_OF_THE_PROOF = 12, 64


@pytest.fixture
def processes(conninfo: Callable[[str], str], tmp_path: Path) -> Iterator[Fleet]:
    # Each key is asked by several at once: a longer deadline, so that the storm is not answered by 409 alone.
    env = {"FAREGATE_DEADLINE_MS": "2000"}
    with fleet(conninfo("faregate_owner"), conninfo("faregate_api"), tmp_path / "host", **env) as started:
        yield started


def test_one_row_and_one_verdict_a_key(processes: Fleet, conninfo: Callable[[str], str]) -> None:
    storm(processes, conninfo("faregate_owner"), TRIES)


@pytest.mark.proof
def test_one_row_and_one_verdict_a_key_in_a_long_storm(
    processes: Fleet, conninfo: Callable[[str], str]
) -> None:
    storm(processes, conninfo("faregate_owner"), TRIES_OF_THE_PROOF)


def test_midnight_changes_no_verdict(processes: Fleet, conninfo: Callable[[str], str]) -> None:
    now = datetime.now(UTC)
    midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    until_midnight_s = 8.0
    ahead_ms = round(((midnight - now).total_seconds() - until_midnight_s) * 1000)
    began = time.monotonic()
    ports = started(processes, ahead_ms=ahead_ms)
    bodies = {
        f"txn_night{letters(n)}": a_fresh_body(f"txn_night{letters(n)}", ahead_ms=ahead_ms)
        for n in range(300)
    }
    before = ask_all(processes, ports, bodies, tries=1)
    assert time.monotonic() - began < until_midnight_s, "the machine is too slow for this test"
    while time.monotonic() - began < until_midnight_s + 0.5:
        name = f"txn_over{letters(len(bodies))}"
        bodies[name] = a_fresh_body(name, ahead_ms=ahead_ms)
        merge(before, ask_all(processes, ports, {name: bodies[name]}, tries=2))
    after = ask_all(processes, ports, bodies, tries=2)
    for key, heard in after.items():
        assert {one.body for one in heard} == {one.body for one in before[key]}
    with psycopg.connect(conninfo("faregate_owner")) as connection:
        [(days, rows)] = connection.execute(
            "select count(distinct (decided_at at time zone 'UTC')::date), count(*) from decisions"
        ).fetchall()
    assert (days, rows) == (2, len(bodies))
    assert broken(conninfo("faregate_owner")) == {}


def storm(processes: Fleet, owner: str, tries: int) -> None:
    ports = started(processes)
    names = [f"txn_storm{letters(number)}" for number in range(KEYS)]
    heard = ask_all(processes, ports, {name: a_fresh_body(name) for name in names}, tries=tries)
    for key in names:
        assert len({one.body for one in heard[key]}) == 1, key
        assert len(heard[key]) == tries
    firsts = sum(not one.replayed for answers in heard.values() for one in answers)
    assert firsts == KEYS, "each key is decided once, and all else is said to be a replay"
    with psycopg.connect(owner) as connection:
        [(rows, keys)] = connection.execute(
            "select (select count(*) from decisions), (select count(*) from idempotency)"
        ).fetchall()
    assert (rows, keys) == (KEYS, KEYS)
    assert broken(owner) == {}


def started(processes: Fleet, *, ahead_ms: int = 0) -> list[int]:
    ports = [processes.start(ahead_ms=ahead_ms) for _ in range(PROCESSES)]
    for port in ports:
        processes.wait_ready(port)
    return ports


def ask_all(
    processes: Fleet, ports: list[int], bodies: dict[str, bytes], *, tries: int
) -> dict[str, list[Heard]]:
    """Every key `tries` times, in an order in which the same keys meet, from THREADS threads."""
    order = [key for key in bodies for _ in range(tries)]
    chooser = random.Random(5)
    chooser.shuffle(order)
    order.sort(key=lambda key: list(bodies).index(key) // 16)  # those of 16 keys at about the same time
    callers = [[processes.caller(port) for port in ports] for _ in range(min(THREADS, len(order)))]
    heard: dict[str, list[Heard]] = defaultdict(list)

    def work(thread: int) -> None:
        for place in range(thread, len(order), len(callers)):
            key = order[place]
            heard[key].append(ask(callers[thread][place * 7 % len(ports)], bodies[key], key))

    with ThreadPoolExecutor(len(callers)) as threads:
        list(threads.map(work, range(len(callers))))
    for caller in chain(*callers):
        caller.close()
    return heard


def ask(caller: Caller, body: bytes, key: str) -> Heard:
    """Until there is a verdict; a conflict says to come back."""
    for _ in range(100):
        answer = caller.decide(body, key)
        if answer.status != 409:
            break
    assert answer.status == 200, answer
    return answer


def merge(into: dict[str, list[Heard]], more: dict[str, list[Heard]]) -> None:
    for key, heard in more.items():
        into[key] += heard


def letters(number: int) -> str:
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))
