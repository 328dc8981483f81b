"""People at the console in Chromium, and a ledger that the API's own code fills."""

import asyncio
import os
import sys
import urllib.request
from array import array
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from factories import a_decision, a_request
from keeping import keep as keep_decision
from keeping import keep_outcome
from playwright.sync_api import Browser, BrowserContext, Page, expect
from waiting import eventually

from app.decision_id import new_decision_id
from app.desk.desk import Desk
from app.desk.people import Role
from app.desk.people_store import PeopleStore, ensure_people
from app.desk.sessions import Sessions
from app.ledger import PostgresLedger
from app.ports import Decision
from app.postgres import pool
from dashboard.database import open_writing_pool
from dashboard.signing.cookie import COOKIE
from deploy.embedded import children
from deploy.embedded.home import Home
from deploy.embedded.ports import LOOPBACK
from domain.catalogue import FEATURES
from domain.events import PaymentOutcome, to_ms

PROJECT = Path(__file__).parents[1]
SHOTS = PROJECT / ".faregate" / "screenshots"
OWNER = "faregate_owner"
PATIENCE_MS = 30_000
PASSWORD = "a-password-for-tests"
STAFF = {"ana": Role.ANALYST, "ben": Role.ANALYST, "lea": Role.LEAD, "lou": Role.LEAD, "ada": Role.ADMIN}
Conninfo = Callable[[str], str]


@contextmanager
def serving(home: Home, spawner: children.Spawner, port: int, env: dict[str, str]) -> Iterator[str]:
    """The console as the stack runs it; its address."""
    options = (f"--server.port={port}", f"--server.address={LOOPBACK}", "--server.fileWatcherType=none")
    launch = children.Launch(
        name="dashboard",
        argv=(sys.executable, "-m", "streamlit", "run", "dashboard/main.py", *options),
        env={**os.environ, **env},
        cwd=PROJECT,
        log=home.logs / f"dashboard-{port}.log",
    )
    process = spawner.spawn(launch)
    url = f"http://{LOOPBACK}:{port}"
    try:
        eventually(lambda: _answers(f"{url}/_stcore/health"), within_s=60, what="the console")
        yield url
    finally:
        children.stop(process, launch)


@dataclass
class Console:
    """People at the console, each in a browser of their own that may talk to nobody else."""

    browser: Browser
    address: str
    conninfo: Conninfo
    contexts: list[BrowserContext] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def opened(self, **options: Any) -> Page:
        """As large as a small laptop."""
        context = self.browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        self.contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: self._note(request.url))
        page.set_default_timeout(PATIENCE_MS)
        expect.set_options(timeout=PATIENCE_MS)
        return page

    def signs_in(self, name: str, path: str = "", **options: Any) -> Page:
        """By keyboard, at `path`."""
        page = self.opened(**options)
        page.goto(f"{self.address}/{path}")
        page.get_by_label("Name").fill(name)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.get_by_label("Password", exact=True)).to_have_count(0)
        return page

    def signed_in(self, name: str, path: str = "", **options: Any) -> Page:
        """At `path`, in a browser that holds a session already."""
        page = self.opened(**options)
        with open_writing_pool(self.conninfo("faregate_console")) as pool:
            token = Sessions(Desk(pool)).open(name, how="password")
        page.context.add_cookies([{"name": COOKIE, "value": token, "url": self.address}])
        page.goto(f"{self.address}/{path}")
        return page

    def rows(self, statement: str, *values: object) -> list[Any]:
        with psycopg.connect(self.conninfo(OWNER), autocommit=True) as connection:
            return connection.execute(statement, values).fetchall()

    def _note(self, url: str) -> None:
        if not url.startswith((f"http://{LOOPBACK}:", f"ws://{LOOPBACK}:", "data:", "blob:")):
            self.outside.append(url)


def add_staff(conninfo: Conninfo) -> None:
    """Those of a stack are there already, with a password of its own."""
    with psycopg.connect(conninfo(OWNER), autocommit=True) as connection:
        ensure_people(connection, STAFF, PASSWORD)
        for person_id in STAFF:
            PeopleStore(connection).set_password(person_id, PASSWORD)


def just_now(*, minutes: float = 0, **given: Any) -> Decision:
    """A decision some minutes old, of its own payment unless the request is given."""
    decided_at = datetime.now(UTC) - timedelta(minutes=minutes)
    as_of_ms = to_ms(decided_at)
    known = {"decision_id": new_decision_id(as_of_ms), "as_of_ms": as_of_ms, "decided_at": decided_at}
    return a_decision(given.pop("request", None) or a_request(), **{**known, **given})


def a_vector() -> bytes:
    return array("f", [1.0] * len(FEATURES)).tobytes()


def keep(conninfo: Conninfo, *what: Decision | PaymentOutcome) -> None:
    """Through the API's ledger, in a thread of its own: Playwright's loop runs in this one."""

    async def write() -> None:
        async with pool("test", conninfo=conninfo_of_api, patience_s=5) as connections:
            ledger = PostgresLedger(connections, lambda: None)
            for thing in what:
                await (
                    keep_decision(ledger, thing)
                    if isinstance(thing, Decision)
                    else keep_outcome(ledger, thing)
                )

    conninfo_of_api = conninfo("faregate_api")
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, write()).result()


def shoot(page: Page, name: str) -> None:
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png", full_page=True)


def pg_variables(conninfo: str) -> dict[str, str]:
    names = {"dbname": "PGDATABASE"}
    parts = psycopg.conninfo.conninfo_to_dict(conninfo)
    return {names.get(name, f"PG{name.upper()}"): str(value) for name, value in parts.items()}


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False
