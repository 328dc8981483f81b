"""The dashboard in a real browser, over a ledger that the API's own code filled."""

import asyncio
import os
import re
import shutil
import sys
import urllib.request
from array import array
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from factories import a_decision, an_outcome
from keeping import keep as keep_decision
from keeping import keep_outcome
from playwright.sync_api import Browser, Page, expect, sync_playwright
from waiting import eventually

from app.ledger import PostgresLedger
from app.ports import Decision
from app.postgres import pool
from deploy.embedded import children
from deploy.embedded.home import Home
from deploy.embedded.ports import LOOPBACK
from deploy.embedded.postgres import Postgres
from domain.catalogue import FEATURES
from domain.decision import Outcome, Verdict
from domain.events import PaymentOutcome, to_ms
from domain.online_store import WATERMARK_ENTITY, WATERMARK_VIEW, encode_watermark
from domain.reasons import Reason

PROJECT = Path(__file__).parents[2]
SHOTS = PROJECT / ".faregate" / "screenshots"
CHROMIUM = shutil.which("chromium")
REASON = Reason(
    code="card_payments_5m",
    sentence="6 payments on this card within 5 minutes",
    value=6.0,
    normal=None,
    contribution=2.1,
)
Conninfo = Callable[[str], str]
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="needs Debian's chromium on the PATH: `apt-get install chromium`"
)


@pytest.fixture(scope="module")
def address(
    home: Home, spawner: children.Spawner, postgres: Postgres, free_ports: dict[str, int]
) -> Iterator[str]:
    """The dashboard as the stack runs it, on the tests' database."""
    port = free_ports["dashboard"]
    options = (f"--server.port={port}", f"--server.address={LOOPBACK}", "--server.fileWatcherType=none")
    launch = children.Launch(
        name="dashboard",
        argv=(sys.executable, "-m", "streamlit", "run", "dashboard/main.py", *options),
        env={**os.environ, **_pg(postgres.conninfo("faregate_console"))},
        cwd=PROJECT,
        log=home.logs / "dashboard.log",
    )
    process = spawner.spawn(launch)
    url = f"http://{LOOPBACK}:{port}"
    try:
        eventually(lambda: _answers(f"{url}/_stcore/health"), within_s=60, what="the dashboard")
        yield url
    finally:
        children.stop(process, launch)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """As large as a small laptop; it may talk to nobody but the dashboard."""
    opened = browser.new_page(viewport={"width": 1280, "height": 800})
    outside: list[str] = []
    opened.on("request", lambda request: None if _is_ours(request.url) else outside.append(request.url))
    opened.set_default_timeout(30_000)
    expect.set_options(timeout=30_000)
    yield opened
    opened.close()
    assert outside == []


def test_decisions_appear_by_themselves(page: Page, address: str, conninfo: Conninfo) -> None:
    page.goto(address)
    expect(page).to_have_title("Faregate")
    expect(page.locator(".fg-notice")).to_contain_text("No payment has been decided yet.")

    watermark(conninfo)
    keep(conninfo, just_now(), just_now(verdict=Verdict.DECLINE, score=96, reasons=[REASON]))

    expect(page.locator(".fg-live tbody tr")).to_have_count(2)
    expect(page.locator(".fg-alerts tbody tr")).to_contain_text("6 payments on this card within 5 minutes.")
    expect(page.locator(".fg-tile", has_text="Stopped")).to_contain_text("$18.50")
    shoot(page, "live")


def test_a_decision_opens_in_place_and_is_an_address(page: Page, address: str, conninfo: Conninfo) -> None:
    stopped = just_now(verdict=Verdict.DECLINE, reasons=[REASON], vector=a_vector(), probability=0.987)
    keep(conninfo, just_now(), stopped)
    page.goto(f"{address}/?period=5+min")
    expect(page.locator("body[data-links-followed]")).to_be_attached()
    page.evaluate("window.sameDocument = true")

    page.locator(".fg-alerts a").click()

    detail = page.locator(".fg-detail")
    expect(detail).to_contain_text("fraud probability 98.7 %")
    expect(page).to_have_url(re.compile(rf"period=5(\+|%20)min.*decision={stopped.decision_id}"))
    assert page.evaluate("window.sameDocument")
    page.get_by_text("Every feature value that the model read").click()
    expect(page.locator(".fg-values")).to_contain_text("card payments 5m")
    shoot(page, "decision")

    page.locator(".fg-close").click()
    expect(detail).to_have_count(0)

    page.goto(f"{address}/?decision={stopped.decision_id}")
    expect(detail).to_contain_text(stopped.transaction.transaction_id)


def test_a_chargeback_turns_up_as_missed(page: Page, address: str, conninfo: Conninfo) -> None:
    approved = just_now()
    keep(conninfo, approved)
    page.goto(address)
    missed = page.locator(".fg-tile", has=page.get_by_text("Missed", exact=True))
    expect(missed).to_contain_text("$0.00")

    keep(conninfo, an_outcome(approved.transaction.transaction_id, outcome=Outcome.CHARGEBACK))

    expect(missed.locator(".fg-loss")).to_have_text("$18.50")


def test_refreshing_does_not_flicker(page: Page, address: str, conninfo: Conninfo) -> None:
    keep(conninfo, just_now())
    page.goto(address)
    rows = page.locator(".fg-live tbody tr")
    expect(rows).to_have_count(1)
    page.evaluate(
        """() => {
            window.gone = 0
            const look = () => {
                const tiles = document.querySelector(".fg-tiles")
                if (!tiles?.checkVisibility({opacityProperty: true})) window.gone++
                requestAnimationFrame(look)
            }
            look()
        }"""
    )
    for already in (1, 2, 3):
        keep(conninfo, just_now())
        expect(rows).to_have_count(already + 1)
    assert page.evaluate("window.gone") == 0


def test_standing_still_and_a_shorter_period(page: Page, address: str, conninfo: Conninfo) -> None:
    keep(conninfo, just_now(), just_now(minutes=10, verdict=Verdict.REVIEW))
    page.goto(address)
    expect(page.locator(".fg-alerts tbody tr")).to_have_count(1)
    page.get_by_text("5 min", exact=True).click()
    expect(page.get_by_text("Every payment of this period was approved.")).to_be_visible()
    page.get_by_text("Live", exact=True).click()
    expect(page.locator("label", has_text="Live").locator("input")).not_to_be_checked()


def test_a_link_to_nothing_and_a_dark_page(page: Page, address: str, conninfo: Conninfo) -> None:
    keep(conninfo, just_now())
    page.emulate_media(color_scheme="dark")
    page.goto(f"{address}/?decision=dec_%3Cb%3Enobody")
    expect(page.locator(".fg-detail")).to_contain_text("The ledger holds no decision dec_<b>nobody.")
    shoot(page, "dark")


def just_now(*, minutes: float = 0, **given: Any) -> Decision:
    return a_decision(decided_at=datetime.now(UTC) - timedelta(minutes=minutes), **given)


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


def watermark(conninfo: Conninfo) -> None:
    with psycopg.connect(conninfo("faregate_writer"), autocommit=True) as connection:
        connection.execute(
            "insert into online_store values (%s, %s, 1, 1, now(), now(), %b)",
            (WATERMARK_VIEW, WATERMARK_ENTITY, encode_watermark(to_ms(datetime.now(UTC)))),
        )


def shoot(page: Page, name: str) -> None:
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png", full_page=True)


def _pg(conninfo: str) -> dict[str, str]:
    names = {"dbname": "PGDATABASE"}
    parts = psycopg.conninfo.conninfo_to_dict(conninfo)
    return {names.get(name, f"PG{name.upper()}"): str(value) for name, value in parts.items()}


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False


def _is_ours(url: str) -> bool:
    return url.startswith((f"http://{LOOPBACK}:", f"ws://{LOOPBACK}:", "data:", "blob:"))
