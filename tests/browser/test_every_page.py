"""Every page opens for whoever may open it, in light and dark, and leaves a picture behind."""

import pytest
from console_room import Conninfo, Console, a_vector, just_now, keep, shoot
from playwright.sync_api import expect

from domain.decision import Verdict
from domain.reasons import Reason

PAGES = {
    "queue": "Queue", "rings": "Rings", "rules": "Rules", "dial": "Dial", "overview": "Overview",
    "live": "Live", "models": "Models", "pipeline": "Pipeline", "people": "People",
}  # fmt: skip
REASON = Reason(
    code="user_device_is_new",
    sentence="the rider never paid from this device before",
    value=1.0,
    normal=None,
    contribution=1.4,
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_opens(console: Console, conninfo: Conninfo, scheme: str) -> None:
    keep(
        conninfo,
        *(just_now(minutes=number, vector=a_vector()) for number in range(5)),
        just_now(verdict=Verdict.REVIEW, score=80, probability=0.4, reasons=[REASON], vector=a_vector()),
    )
    page = console.signed_in("ada", "queue", color_scheme=scheme)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    for path in PAGES:
        page.goto(f"{console.address}/{path}")
        expect(
            page.locator("[data-testid='stMainBlockContainer'] [data-testid='stHtml']").first
        ).to_be_attached()
        expect(page.locator("[data-testid='stApp'][data-test-script-state='notRunning']")).to_be_attached()
        expect(page.locator("[data-testid='stException']")).to_have_count(0)
        expect(page.get_by_text("Page not found")).to_have_count(0)
        shoot(page, f"{path}-{scheme}")
    assert faults == []


def test_a_page_for_admins_is_closed_to_others(console: Console) -> None:
    page = console.signed_in("ana", "people")
    expect(page.get_by_text("People is for admins")).to_be_visible()


def test_an_ended_session_asks_to_sign_in_and_keeps_the_address(console: Console) -> None:
    page = console.signed_in("ana", "live?period=5+min")
    console.rows("delete from console_sessions returning 1")
    page.reload()
    expect(page.get_by_label("Password", exact=True)).to_be_visible()
    page.get_by_label("Name").fill("ana")
    page.get_by_label("Password", exact=True).fill("a-password-for-tests")
    page.keyboard.press("Enter")
    expect(page.locator(".fg-notice").first).to_be_visible()
    assert "live?period=5" in page.url
