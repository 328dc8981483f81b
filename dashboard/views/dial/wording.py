"""What the dial says: figures with their bands, what would change, and how much is known."""

from collections.abc import Mapping

from app.policies.store import PolicyVersion
from dashboard.views.dial.readings import Period, Standing
from dashboard.views.dial.scale import NEVER, SLIDERS, position_of
from dashboard.views.dial.state import ALL, Capacity
from domain.display import DAY_MS, count, duration_ms, percent, timestamp
from domain.events import to_ms
from domain.money import format_money
from domain.policy import Policy
from domain.thresholds import Thresholds
from scoring.dial.figures import (
    FALSE_DECLINES,
    FRAUD_LOSS,
    REVIEW_HOURS,
    REVIEWS,
    SAVED,
    Range,
)
from scoring.dial.setting import Setting

ENOUGH_FRAUDS = 50
NOTHING_CHANGES = "Your setting is the present one: move a slider to see what would change."
MONEY = frozenset({FRAUD_LOSS, SAVED})
_EFFECTS = {
    REVIEWS: "reviews",
    FALSE_DECLINES: "honest riders stopped",
    FRAUD_LOSS: "lost to fraud",
    SAVED: "net money saved",
}


def money(minor: float) -> str:
    """Whole units where minor ones say nothing."""
    if abs(minor) < 10_000:
        return format_money(round(minor))
    return format_money(int(round(minor, -2))).removesuffix(".00")


def amount(figure: str, value: float) -> str:
    """A figure as it is written: money, hours, or a number of payments."""
    if figure in MONEY:
        return money(value)
    if figure == REVIEW_HOURS:
        return f"{value:.1f} h"
    return count(value) if value >= 10 else f"{value:.1f}"


def signed(figure: str, value: float) -> str:
    text = amount(figure, abs(value))
    if text == amount(figure, 0.0):
        return f"±{text}"
    return f"{'+' if value > 0 else '-'}{text}"


def between(figure: str, of: Range) -> str:
    return f"{amount(figure, of.low)} to {amount(figure, of.high)}"


def moved(figure: str, of: Range) -> str:
    """ "+$120 (+$40 to +$210)"."""
    return f"{signed(figure, of.value)} ({signed(figure, of.low)} to {signed(figure, of.high)})"


def effect(change: Mapping[str, Range]) -> str:
    """What another setting would bring a day, without the full stop."""
    told = [
        f"{amount(figure, abs(of.value))} {_more(figure, of)} {name} a day{_band(figure, of)}"
        for figure, name in _EFFECTS.items()
        for of in [change[figure]]
        if amount(figure, abs(of.value)) != amount(figure, 0.0)
    ]
    return f"about {', '.join(told)}" if told else "nothing that these payments could tell"


def certainty(change: Mapping[str, Range]) -> str:
    """Whether the net money is known to move, by its band."""
    saved = change[SAVED]
    if saved.low > 0:
        return "Even the low end of the band is a gain."
    if saved.high < 0:
        return "Even the high end of the band is a loss."
    return "The band goes from a loss to a gain: these payments do not say which is better."


def thresholds(cuts: Thresholds) -> str:
    return ", ".join(f"{name} from {score(getattr(cuts, name))}" for name in SLIDERS)


def score(probability: float) -> str:
    """ "20 (4.9 %)"."""
    position = position_of(probability)
    return "never" if position == NEVER else f"{position} ({percent(probability)})"


def at_position(probability: float) -> str:
    """As it stands on a slider."""
    position = position_of(probability)
    return "never" if position == NEVER else f"{position} · {percent(probability)}"


def capacity(of: Capacity | float | None) -> str:
    return "all that come" if of in (ALL, None) else f"{count(float(of or 0))} a day"


def differences(present: Setting, yours: Setting) -> list[str]:
    """What is set otherwise, a line each."""
    lines = [
        f"{name.capitalize()} begins at score {score(after)} instead of {score(before)}."
        for name in SLIDERS
        for before, after in [(getattr(present.thresholds, name), getattr(yours.thresholds, name))]
        if before != after
    ]
    if present.reviews_a_day != yours.reviews_a_day:
        lines.append(
            f"Reviews: {capacity(yours.reviews_a_day)} instead of {capacity(present.reviews_a_day)}."
        )
    return lines


def in_force(standing: Standing) -> str:
    """Whose thresholds hold now."""
    model = standing.champion.version if standing.champion else None
    if not standing.is_own:
        newest = standing.history[0]
        return f"Policy {standing.version} is in force, set by {newest.changed_by} at {_when(newest)}."
    if model is None:
        return "No model is in charge and no policy was set: no threshold stops anything now."
    return f"Each model goes by its own thresholds; the present ones are those of {model}, the champion."


def known(period: Period) -> str:
    """Of how many payments, and how many of them are known."""
    past = period.past
    if past is None:
        return ""
    unknown = max(0.0, past.payments - past.frauds - past.goods)
    sample = (
        f" Of approved ones a sample was read: {percent(1 / period.one_in)}." if period.one_in > 1 else ""
    )
    return (
        f"{count(past.payments)} payments of {duration_ms(past.span_days * DAY_MS)}: "
        f"{count(past.frauds)} known frauds, "
        f"{count(past.goods)} known good, {count(unknown)} by the model's probability.{sample}"
    )


def missing(period: Period) -> str | None:
    """What is missing to set thresholds by this period; None when nothing is."""
    past = period.past
    if past is None:
        return (
            f"No payment that a model decided is in the ledger of the last {period.days} days. "
            "Choose a longer period, or come back when there are some."
        )
    if past.frauds < ENOUGH_FRAUDS:
        told = f"{count(past.frauds)} frauds are" if past.frauds != 1 else "1 fraud is"
        return (
            f"{told} known of this period: too few to set thresholds by; {ENOUGH_FRAUDS} make the bands "
            "narrow enough. Until then most of what you see is the model's own probabilities."
        )
    return None


def policy(of: Policy) -> str:
    cuts = of.thresholds
    return thresholds(cuts) if cuts else "each model's own"


def _more(figure: str, of: Range) -> str:
    if of.value > 0:
        return "more"
    return "less" if figure in MONEY else "fewer"


def _band(figure: str, of: Range) -> str:
    """Of money, as it stands behind "more" or "less"; signed where it may be either."""
    if figure not in MONEY:
        return ""
    if of.low * of.high <= 0:
        return f" [{signed(figure, of.low)} to {signed(figure, of.high)}]"
    least, most = sorted((abs(of.low), abs(of.high)))
    return f" [{amount(figure, least)} to {amount(figure, most)}]"


def _when(of: PolicyVersion) -> str:
    return timestamp(to_ms(of.changed_at))
