"""The console beside the whole stack: what is set here decides there, and what happens there shows here."""

import asyncio
import os
import secrets
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from console_room import Console, add_staff, pg_variables, serving, shoot
from factories import a_request
from playwright.sync_api import Browser, expect
from waiting import eventually

from app.client import DecisionClient
from app.replies import Reply
from data_generator.identity import token
from deploy.embedded import children, status
from deploy.embedded.home import Home
from deploy.embedded.stack import Stack
from domain.decision import Rung
from domain.events import from_ms


@pytest.fixture(scope="module")
def living(
    stack: Stack, home: Home, spawner: children.Spawner, free_ports: dict[str, int], browser: Browser
) -> Iterator[Console]:
    conninfo = stack.addresses.conninfo.__getitem__
    env = {
        **pg_variables(conninfo("faregate_console")),
        "FAREGATE_FLINK_URL": stack.urls["flink"],
        "FAREGATE_KAFKA": stack.urls["kafka"],
    }
    add_staff(conninfo)
    with serving(home, spawner, free_ports["flink_rpc"], env) as address:
        made = Console(browser=browser, address=address, conninfo=conninfo)
        yield made
        for context in made.contexts:
            context.close()
    assert made.outside == []


def test_the_next_decision_names_the_policy_that_was_applied(living: Console, stack: Stack) -> None:
    before = decide(stack).versions.policy
    page = living.signed_in("lea", "dial")
    apply = page.get_by_role("button", name="Apply …")

    def moved() -> bool:
        """A slider that is just being drawn does not hear a key."""
        page.get_by_role("slider").first.press("ArrowRight")
        page.wait_for_timeout(500)
        return apply.is_enabled()

    eventually(moved, within_s=30, what="another setting")
    apply.click()
    page.get_by_label("Why").fill("fewer reviews at night")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Put in force").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    ((version,),) = living.rows("select max(version) from policies")

    eventually(
        lambda: decide(stack).versions.policy == f"{before}.{version}", within_s=1.5, what="the policy"
    )
    shoot(page, "dial-applied")
    page.goto(f"{living.address}/case?decision={decide(stack).decision_id}")
    expect(page.locator(".fg-case-head")).to_be_visible()
    shoot(page, "case-on-the-stack")


def test_a_rung_change_shows(living: Console, stack: Stack) -> None:
    page = living.signed_in("ana", "live")
    eventually(lambda: decide(stack).rung is Rung.R0, within_s=20, what="the full model")
    expect(page.locator(".fg-live .fg-rung").first).to_have_text("R0")
    writer = pid_of(stack, "writer")
    os.kill(writer, signal.SIGSTOP)
    try:
        eventually(lambda: decide(stack).rung is Rung.R1, within_s=20, what="ageing features")
        expect(page.locator(".fg-live .fg-rung").first).to_have_text("R1")
        shoot(page, "rung-change")
    finally:
        os.kill(writer, signal.SIGCONT)
    eventually(lambda: decide(stack).rung is Rung.R0, within_s=20, what="fresh features")


def pid_of(stack: Stack, name: str) -> int:
    found = status.read(stack.home)
    assert found is not None
    (pid,) = (part.pid for part in found.parts if part.name == name)
    assert pid is not None
    return pid


def decide(stack: Stack) -> Reply:
    """In a thread of its own: Playwright's loop runs in this one."""

    async def ask() -> Reply:
        async with DecisionClient(stack.addresses.api_url, api_key=stack.addresses.api_key) as client:
            return (await client.decide(payment)).reply

    payment = a_request(
        transaction_id=token("txn", secrets.token_hex(8)),
        user_id=token("usr", secrets.token_hex(8)),
        card_id=token("card", secrets.token_hex(8)),
        device_id=token("dev", secrets.token_hex(8)),
        requested_at=from_ms(time.time_ns() // 1_000_000),
    )
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, ask()).result()
