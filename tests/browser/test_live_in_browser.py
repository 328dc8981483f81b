"""What is decided right now, in a real browser."""

import re
from datetime import UTC, datetime

import psycopg
from console_room import Conninfo, Console, a_vector, just_now, keep, shoot
from factories import an_outcome
from playwright.sync_api import expect

from domain.decision import Outcome, Verdict
from domain.events import to_ms
from domain.online_store import WATERMARK_ENTITY, WATERMARK_VIEW, encode_watermark
from domain.reasons import Reason

REASON = Reason(
    code="card_payments_5m",
    sentence="6 payments on this card within 5 minutes",
    value=6.0,
    normal=None,
    contribution=2.1,
)


def test_decisions_appear_by_themselves(console: Console, conninfo: Conninfo) -> None:
    page = console.signed_in("ana", "live")
    expect(page).to_have_title("Faregate")
    expect(page.locator(".fg-notice")).to_contain_text("No payment has been decided yet.")

    watermark(conninfo)
    keep(conninfo, just_now(), just_now(verdict=Verdict.DECLINE, score=96, reasons=[REASON]))

    expect(page.locator(".fg-live tbody tr")).to_have_count(2)
    expect(page.locator(".fg-alerts tbody tr")).to_contain_text("6 payments on this card within 5 minutes.")
    expect(page.locator(".fg-tile", has_text="Stopped")).to_contain_text("$18.50")
    shoot(page, "live")


def test_a_decision_opens_in_place_and_is_an_address(console: Console, conninfo: Conninfo) -> None:
    stopped = just_now(verdict=Verdict.DECLINE, reasons=[REASON], vector=a_vector(), probability=0.987)
    keep(conninfo, just_now(), stopped)
    page = console.signed_in("ana", "live?period=5+min")
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

    page.goto(f"{console.address}/live?decision={stopped.decision_id}")
    expect(detail).to_contain_text(stopped.transaction.transaction_id)


def test_a_chargeback_turns_up_as_missed(console: Console, conninfo: Conninfo) -> None:
    approved = just_now()
    keep(conninfo, approved)
    page = console.signed_in("ana", "live")
    missed = page.locator(".fg-tile", has=page.get_by_text("Missed", exact=True))
    expect(missed).to_contain_text("$0.00")

    keep(conninfo, an_outcome(approved.transaction.transaction_id, outcome=Outcome.CHARGEBACK))

    expect(missed.locator(".fg-loss")).to_have_text("$18.50")


def test_refreshing_does_not_flicker(console: Console, conninfo: Conninfo) -> None:
    keep(conninfo, just_now())
    page = console.signed_in("ana", "live")
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


def test_standing_still_and_a_shorter_period(console: Console, conninfo: Conninfo) -> None:
    keep(conninfo, just_now(), just_now(minutes=10, verdict=Verdict.REVIEW))
    page = console.signed_in("ana", "live")
    expect(page.locator(".fg-alerts tbody tr")).to_have_count(1)
    page.get_by_text("5 min", exact=True).click()
    expect(page.get_by_text("Every payment of this period was approved.")).to_be_visible()
    live = page.locator("label", has_text="Live")
    live.click()
    expect(live.locator("input")).not_to_be_checked()


def test_a_link_to_nothing_and_a_dark_page(console: Console, conninfo: Conninfo) -> None:
    keep(conninfo, just_now())
    page = console.signed_in("ana", "live?decision=dec_%3Cb%3Enobody", color_scheme="dark")
    expect(page.locator(".fg-detail")).to_contain_text("The ledger holds no decision dec_<b>nobody.")
    shoot(page, "dark")


def watermark(conninfo: Conninfo) -> None:
    with psycopg.connect(conninfo("faregate_writer"), autocommit=True) as connection:
        connection.execute(
            "insert into online_store values (%s, %s, 1, 1, now(), now(), %b)",
            (WATERMARK_VIEW, WATERMARK_ENTITY, encode_watermark(to_ms(datetime.now(UTC)))),
        )
