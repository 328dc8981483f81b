"""Rules in words."""

from datetime import datetime

from domain.display import DAY_MS, HOUR_MS, MINUTE_MS, count, duration_ms, percent, timestamp
from domain.events import to_ms
from domain.rules import Action, Mode, Rule

ACTIONS = {
    Action.DECLINE: "Decline",
    Action.CHALLENGE: "Challenge",
    Action.REVIEW: "Review",
    Action.APPROVE: "Approve",
    Action.ADD_SCORE: "Add to score",
}
MODES = {Mode.DRAFT: "draft", Mode.SHADOW: "shadow", Mode.LIVE: "live"}


def share_of(number: float | None) -> str:
    return "-" if number is None else percent(number)


def does(rule: Rule) -> str:
    if rule.points is not None:
        return f"adds {rule.points:+d} to the score"
    return ACTIONS[rule.action].lower()


def state(rule: Rule) -> str:
    return (
        f"{MODES[rule.mode]}, {rule.share:.0%}"
        if rule.mode is Mode.LIVE and rule.share < 1
        else MODES[rule.mode]
    )


def ends(rule: Rule, now: datetime) -> str:
    if rule.expires_at_ms is None:
        return "never"
    told = timestamp(rule.expires_at_ms)
    return f"ended {told}" if rule.expires_at_ms <= to_ms(now) else told


def age(moment: datetime, now: datetime) -> str:
    """ "5 h", "12 d"."""
    return duration_ms(max(to_ms(now) - to_ms(moment), MINUTE_MS))


def ago(moment: datetime, now: datetime) -> str:
    """ "5 h ago"; "just now" for less than a minute."""
    return f"{age(moment, now)} ago" if to_ms(now) - to_ms(moment) >= MINUTE_MS else "just now"


def at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def sentence(refusal: Exception, rule_id: str = "") -> str:
    """As it is shown beside what was written: the page says which rule."""
    text = str(refusal).removeprefix(f"{rule_id}: ") if rule_id else str(refusal)
    text = text if text.startswith("rule_") else text[:1].upper() + text[1:]
    return text if text.endswith((".", "?", "…")) else f"{text}."


def period(since: datetime, until: datetime) -> str:
    days = round((until - since).total_seconds() * 1000 / DAY_MS, 1)
    if days < 1:
        return f"{round(days * DAY_MS / HOUR_MS)} h"
    return f"{count(days)} days" if days >= 2 else "a day"
