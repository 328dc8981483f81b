"""The console over a large ledger: how long an analyst waits, and what an open page costs meanwhile."""

import os
import secrets
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter, sleep, time_ns

import psutil
import psycopg
from psycopg.conninfo import conninfo_to_dict

from app.decision_id import new_decision_id
from app.desk.people import Role
from app.desk.people_store import PeopleStore
from app.letters import in_letters
from app.queries import queries_of
from deploy.bench.benchmark import Result, Tell
from deploy.bench.browser.analyst import Analyst
from deploy.bench.browser.chromium import chromium
from deploy.bench.figures.percentile import percentile
from deploy.bench.ledger import seeded as seeding
from deploy.bench.ledger.seeded import SeededLedger, seeded_ledger
from deploy.embedded import children
from deploy.embedded.home import PROJECT
from deploy.embedded.passwords import OWNER
from deploy.embedded.ports import LOOPBACK
from deploy.embedded.services import wait_http

SUMMARY = "the console over a million decisions: queue, next case, new alerts, and the cost of refreshing"
OPENINGS, CASES, ARRIVALS = 7, 20, 7
QUIET_S = 3.0
query = queries_of(seeding.__file__)


def options(parser: ArgumentParser) -> None:
    parser.add_argument("--decisions", type=int, default=1_000_000, help="in the ledger (1,000,000)")
    parser.add_argument("--alerts", type=int, default=20_000, help="open ones among them (20,000)")
    parser.add_argument("--watch", type=float, default=60.0, help="seconds that the refresh is watched (60)")


def run_alone(chosen: Namespace, tell: Tell) -> Result:
    with seeded_ledger(chosen.decisions, chosen.alerts, tell) as ledger, _console(ledger) as (address, pid):
        password = _analyst(ledger)
        with chromium() as browser:
            analyst = Analyst(browser, address)
            tell("an analyst signs in and works")
            analyst.sign_in("ana", password)
            openings = [analyst.open_queue_ms() for _ in range(OPENINGS + 1)][1:]
            returns = [analyst.return_to_queue_ms() for _ in range(OPENINGS)]
            arrivals = _arrivals(ledger, analyst)
            shares = _refresh_shares(ledger, pid, analyst, chosen.watch)
            analyst.open_first_case()
            cases = [analyst.decide_ms("d" if number % 2 else "a") for number in range(CASES)]
            analyst.close()
        return {
            "decisions": chosen.decisions,
            "open_alerts": chosen.alerts,
            "queue_interactive_ms": percentile(openings, 1.0, 0),
            "queue_interactive_ms_p50": percentile(openings, 0.5, 0),
            "queue_from_menu_ms": percentile(returns, 1.0, 0),
            "queue_from_menu_ms_p50": percentile(returns, 0.5, 0),
            "next_case_ms": percentile(cases, 0.95, 0),
            "next_case_ms_p50": percentile(cases, 0.5, 0),
            "new_alert_ms": percentile(arrivals, 1.0, 0),
            "new_alert_ms_p50": percentile(arrivals, 0.5, 0),
            **shares,
            "labels": _labels(ledger),
        }


@contextmanager
def _console(ledger: SeededLedger) -> Iterator[tuple[str, int]]:
    port = ledger.ports["dashboard"]
    url = f"http://{LOOPBACK}:{port}"
    flags = (f"--server.port={port}", f"--server.address={LOOPBACK}", "--server.fileWatcherType=none")
    launch = children.Launch(
        name="dashboard",
        argv=(sys.executable, "-m", "streamlit", "run", "dashboard/main.py", *flags),
        env={**os.environ, **_pg(ledger.conninfo("faregate_console"))},
        cwd=PROJECT,
        log=ledger.home.logs / "dashboard.log",
    )
    process = ledger.spawner.spawn(launch)
    try:
        wait_http(f"{url}/_stcore/health", "dashboard", lambda: process.poll() is None)
        yield url, process.pid
    finally:
        children.stop(process, launch)


def _analyst(ledger: SeededLedger) -> str:
    password = secrets.token_urlsafe(12)
    with psycopg.connect(ledger.conninfo(OWNER), autocommit=True) as owner:
        PeopleStore(owner).add("ana", name="Ana", role=Role.ANALYST, password=password)
    return password


def _arrivals(ledger: SeededLedger, analyst: Analyst) -> list[float]:
    """Each from the commit of a decision until the page that is open tells of it."""
    waited = []
    with psycopg.connect(ledger.conninfo(OWNER), autocommit=True) as owner:
        for _ in range(ARRIVALS):
            analyst.open_queue_ms()
            sleep(QUIET_S)
            owner.execute(query("raise_alert"), _new_ids())
            waited.append(analyst.until_announced_ms(perf_counter()))
    return waited


def _new_ids() -> dict[str, str]:
    at_ms = time_ns() // 1_000_000
    return {
        "decision_id": new_decision_id(at_ms),
        "transaction_id": f"txn_{in_letters(secrets.token_hex(10))}",
    }


def _refresh_shares(ledger: SeededLedger, console_pid: int, analyst: Analyst, watch_s: float) -> Result:
    """Parts of a core that one open queue takes: of the console's process, and of PostgreSQL beside it."""
    analyst.open_queue_ms()
    sleep(QUIET_S)
    began, console, postgres = perf_counter(), _cpu_s(console_pid), _cpu_s(ledger.postgres_pid)
    sleep(watch_s)
    elapsed = perf_counter() - began
    return {
        "refresh_core_share": round((_cpu_s(console_pid) - console) / elapsed, 4),
        "postgres_core_share": round((_cpu_s(ledger.postgres_pid) - postgres) / elapsed, 4),
    }


def _cpu_s(pid: int) -> float:
    """Of a process and all its children, those that ended included."""
    root = psutil.Process(pid)
    times = [each.cpu_times() for each in (root, *root.children(recursive=True))]
    own = sum(time.user + time.system for time in times)
    return float(own + times[0].children_user + times[0].children_system)


def _labels(ledger: SeededLedger) -> int:
    with psycopg.connect(ledger.conninfo(OWNER)) as owner:
        row = owner.execute(query("count_words_of"), {"by": "ana", "since_s": 3600}).fetchone()
    return int(row[0]) if row else 0


def _pg(conninfo: str) -> dict[str, str]:
    parts = conninfo_to_dict(conninfo)
    names = {"dbname": "PGDATABASE"}
    return {names.get(name, f"PG{name.upper()}"): str(value) for name, value in parts.items()}
