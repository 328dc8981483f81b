"""The gate: a candidate serves only if payments that neither model learned from speak for it.

Nobody's labels decide alone. A verdict must stand without any one analyst's labels, and without those of any
one day. So that nobody's labels can hold a good model up either, it may also stand on what is left when one
voice is set aside, but then without any second one as well.
"""

from dataclasses import dataclass

import numpy as np

from scoring.calibration import reliability
from scoring.dataset import Dataset
from scoring.learning.contest import Answers, Contest, Margin, Mask
from scoring.learning.stress import Stress
from scoring.learning.voices import Voice, voices

FRAUDS_MIN, HONEST_MIN = 10, 100
FRAUDS_LEFT_MIN = 5  # when a voice is left out
CLEAR_PRECISION = 0.05  # a gain of that size may be less sure
SURE_ENOUGH = -0.01
CALIBRATION_ERROR_MAX, CALIBRATION_WORSENING_MAX = 0.02, 0.01
FALSE_STOPS_MAX, FALSE_STOPS_WORSENING_MAX = 0.01, 0.005


@dataclass(frozen=True, kw_only=True)
class Trial:
    """`rows` are matured, and neither model learned from them; `stress` are attacks of the past."""

    rows: Dataset
    champion: Answers
    challenger: Answers
    stress: Stress


@dataclass(frozen=True, kw_only=True)
class GateVerdict:
    passed: bool
    why: str  # a sentence, of a candidate that it does not name
    money: Margin | None = None  # minor units saved a payment
    precision: Margin | None = None  # average precision gained
    set_aside: str | None = None  # the voice without which it passed


def judge(trial: Trial) -> GateVerdict:
    """Pure: the same trial, the same verdict."""
    contest = Contest(rows=trial.rows, champion=trial.champion, challenger=trial.challenger)
    everything = np.ones(len(trial.rows), np.bool_)
    if too_few := _too_few(trial.rows, everything, FRAUDS_MIN):
        return GateVerdict(passed=False, why=too_few)
    money, precision = contest.money(everything), contest.precision(everything)
    if forgot := trial.stress.complaint():
        return GateVerdict(passed=False, why=forgot, money=money, precision=precision)
    why, aside = _heard(contest, voices(trial.rows), everything)
    passed = why is None
    return GateVerdict(
        passed=passed,
        why=why or _praise(money, precision, aside),
        money=money,
        precision=precision,
        set_aside=aside.name if aside else None,
    )


def _heard(contest: Contest, all_voices: list[Voice], everything: Mask) -> tuple[str | None, Voice | None]:
    """What speaks against the challenger, or None and the voice that had to be set aside for it, if any."""
    against = _complaint(contest, everything)
    if against is None:
        against = _alone(contest, all_voices, everything)
        if against is None:
            return None, None
    for voice in all_voices:
        rest = everything & ~voice.rows
        if _complaint(contest, rest) is None and _alone(contest, all_voices, rest) is None:
            return None, voice
    return against, None


def _alone(contest: Contest, all_voices: list[Voice], among: Mask) -> str | None:
    """The first voice without which the challenger would fail."""
    for voice in all_voices:
        if not (voice.rows & among).any():
            continue
        complaint = _complaint(contest, among & ~voice.rows)
        if complaint:
            return f"without {voice.name}, {complaint}"
    return None


def _complaint(contest: Contest, part: Mask) -> str | None:
    return (
        _too_few(contest.rows, part, FRAUDS_LEFT_MIN)
        or _not_better(contest.money(part), contest.precision(part))
        or _miscalibrated(contest, part)
        or _too_strict(contest, part)
    )


def _too_few(rows: Dataset, part: Mask, frauds_min: int) -> str | None:
    frauds = int(rows.labels[part].sum())
    honest = int(part.sum()) - frauds
    if frauds < frauds_min or honest < HONEST_MIN:
        return (
            f"{frauds} frauds and {honest} honest payments are too few to judge by "
            f"({frauds_min} and {HONEST_MIN} are needed)"
        )
    return None


def _not_better(money: Margin, precision: Margin) -> str | None:
    if money.value <= 0 or precision.value <= 0:
        return f"it is not better than the champion: {_figures(money, precision)}"
    sure = money.low > 0 and precision.low > 0
    clear = precision.value >= CLEAR_PRECISION and precision.low >= SURE_ENOUGH and money.low > 0
    return None if sure or clear else f"it may be better by chance alone: {_figures(money, precision)}"


def _miscalibrated(contest: Contest, part: Mask) -> str | None:
    rows = contest.rows.take(part)
    ours, theirs = (
        reliability(rows.labels, answers.probabilities[part], rows.weights)["calibration_error"]
        for answers in (contest.challenger, contest.champion)
    )
    allowed = max(CALIBRATION_ERROR_MAX, theirs + CALIBRATION_WORSENING_MAX)
    if ours > allowed:
        return f"its probabilities are off by {ours:.3f} on average, at most {allowed:.3f} is allowed"
    return None


def _too_strict(contest: Contest, part: Mask) -> str | None:
    honest = part & (contest.rows.labels == 0)
    weights = contest.rows.weights[honest]
    ours, theirs = (
        float(np.average(answers.stops[honest], weights=weights))
        for answers in (contest.challenger, contest.champion)
    )
    allowed = max(FALSE_STOPS_MAX, theirs + FALSE_STOPS_WORSENING_MAX)
    if ours > allowed:
        return f"it would stop {ours:.1%} of honest payments, at most {allowed:.1%} is allowed"
    return None


def _praise(money: Margin, precision: Margin, aside: Voice | None) -> str:
    without = f", with {aside.name} set aside" if aside else ""
    return f"it beats the champion{without}: {_figures(money, precision)}"


def _figures(money: Margin, precision: Margin) -> str:
    return (
        f"{money.value / 100:+.2f} saved a payment (low end {money.low / 100:+.2f}), average precision "
        f"{precision.value:+.3f} (low end {precision.low:+.3f})"
    )
