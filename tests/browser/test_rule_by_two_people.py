"""A rule is written, tried on the past and proposed by one person, and goes live by another."""

from console_room import Conninfo, Console, a_vector, just_now, keep, shoot
from playwright.sync_api import expect


def test_a_rule_goes_live_by_two_people(console: Console, conninfo: Conninfo) -> None:
    keep(conninfo, *(just_now(minutes=number, vector=a_vector()) for number in range(30)))
    ana = console.signed_in("ana", "rules?new=1")
    ana.locator("textarea[data-ready]").wait_for()
    ana.get_by_label("Id", exact=True).fill("rule_harbour")
    ana.keyboard.press("Enter")
    ana.locator("textarea#expression").click()
    ana.keyboard.type("device_acc")
    ana.keyboard.press("Tab")  # completes the name from the catalogue
    ana.keyboard.type(" >= 1")
    ana.keyboard.press("Escape")
    expect(ana.locator("textarea#expression")).to_have_value("device_accounts_30d >= 1")
    ana.get_by_role("button", name="Back-test").click()
    expect(ana.locator(".fg-tried")).to_be_visible()
    shoot(ana, "rule-back-test")
    ana.get_by_role("button", name="Keep as draft").click()
    expect(ana.get_by_text("is kept: version 1")).to_be_visible()
    ana.get_by_label("Why it should act").fill("many accounts on one phone at the harbour")
    ana.keyboard.press("Enter")
    ana.get_by_role("button", name="Propose live").click()
    expect(ana.get_by_text("is proposed for").first).to_be_visible()
    expect(ana.get_by_role("button", name="Approve")).to_have_count(0)
    assert mode_of(console) == "draft"

    lea = console.signed_in("lea", "rules?rule=rule_harbour")
    lea.get_by_role("button", name="Approve").click()
    expect(lea.get_by_text("is live now")).to_be_visible()
    shoot(lea, "rule-live")
    assert mode_of(console) == "live"
    told = [action for (action,) in console.rows("select action from audit_trail order by audit_id")]
    assert [each for each in told if each.startswith("rule.")] == [
        "rule.back_test", "rule.add", "rule.propose", "rule.approve",
    ]  # fmt: skip


def mode_of(console: Console) -> str:
    ((mode,),) = console.rows(
        "select mode from rules where rule_id = 'rule_harbour' order by version desc limit 1"
    )
    return str(mode)
