"""The five numbers at the top of the overview, each with what it rests on."""

from datetime import timedelta
from statistics import median

from dashboard.money_tiles import Tile
from dashboard.shares import Range, wilson
from dashboard.views.overview.readings import Drawn, Overview, Stopped, Times
from domain.cost import Costs
from domain.decision import Verdict
from domain.display import count, duration_ms, percent
from domain.money import format_money

FEE_MINOR = Costs().chargeback_fee_minor
FEWEST_DRAWN, FEWEST_WORDS = 20, 5
WIDEST = 0.6  # a wider range says nothing
FACTOR_MOST = 2.0  # more would be the chance of a few payments


def tiles(overview: Overview) -> list[Tile]:
    return [
        decided(overview),
        fraud_rate(overview),
        saved(overview),
        false_declines(overview),
        time_to_decision(overview.times),
    ]


def decided(overview: Overview) -> Tile:
    payments = sum(row.payments for row in overview.decided)
    money = sum(row.amount_minor for row in overview.decided)
    approved = sum(row.payments for row in overview.decided if row.verdict is Verdict.APPROVE)
    share = f", {percent(approved / payments)} approved at once" if payments else ""
    return Tile(name="Decided", value=format_money(money), note=f"{_payments(payments)}{share}")


def fraud_rate(overview: Overview) -> Tile:
    """Of payments whose truth is known, if those are most; else of all, which can only rise."""
    truths = overview.truths
    frauds = sum(row.frauds for row in truths.known)
    spoken = frauds + sum(row.good for row in truths.known) + truths.matured
    payments = sum(row.payments for row in overview.decided)
    name = "Fraud rate"
    if not spoken:
        note = "no chargeback, no analyst's word and no payment old enough yet"
        return Tile(name=name, value="not known", note=note)
    known = f"{count(frauds)} frauds of {count(spoken)} whose truth is known"
    so_far = frauds / payments if payments else 0.0
    if spoken < payments / 2:  # those were chosen for being suspect, and say little of the others
        after = duration_ms(overview.maturity_ms)
        note = f"of all, so far; {known} ({percent(frauds / spoken)}); silence counts as good after {after}"
        return Tile(name=name, value=percent(so_far), note=note)
    note = f"{known}, {count(truths.matured)} of them good by silence; {percent(so_far)} of all so far"
    return Tile(name=name, value=percent(frauds / spoken), note=note)


def saved(overview: Overview) -> Tile:
    """What stopped frauds would have cost: amount and chargeback fee."""
    stopped = overview.truths.stopped
    told = sum(worth(row) for row in stopped if row.truth == "fraud")
    factor = lottery_factor(overview)
    presumed = sum(worth(row) for row in stopped if row.truth is None) * (factor or 1.0)
    basis = "by the model's probability"
    if factor is not None:
        basis = f"{basis} times {factor:.2f}, as the lottery found"
    note = f"{_money(told)} by analysts' words, {_money(presumed)} {basis}; with chargeback fees"
    return Tile(name="Money saved", value=_money(told + presumed), note=note)


def worth(row: Stopped) -> float:
    """What the frauds of a row would have cost, in minor units."""
    if row.truth == "good":
        return 0.0
    if row.truth == "fraud":
        return row.amount_minor + FEE_MINOR * row.payments
    return row.expected_minor + FEE_MINOR * row.expected_frauds


def lottery_factor(overview: Overview) -> float | None:
    """Frauds among payments that the lottery let through, for each that the model expected; None of few.

    Only what was decided long enough ago counts: frauds come to light sooner than silence means good.
    """
    settled = _settled(overview)
    expected = sum(row.chance for row in settled)
    if len(settled) < FEWEST_DRAWN or not expected:
        return None
    return min(FACTOR_MOST, sum(row.truth == "fraud" for row in settled) / expected)


def false_declines(overview: Overview) -> Tile:
    """How many of the stopped payments were honest, by the best witness there is."""
    stopped = overview.truths.stopped
    total = sum(row.payments for row in stopped)
    name = "False declines"
    if not total:
        return Tile(name=name, value="none", note="nothing was stopped in this period")
    words = {truth: sum(row.payments for row in stopped if row.truth == truth) for truth in ("fraud", "good")}
    spoken = sum(words.values())
    share = by_lottery(overview)
    if len(overview.drawn) >= FEWEST_DRAWN and share.high - share.low <= WIDEST:
        return _estimate(total, share, lottery_basis(overview))
    if spoken >= FEWEST_WORDS:
        basis = (
            f"analysts called {count(words['good'])} of {count(spoken)} good; they choose what they look at"
        )
        return _estimate(total, wilson(words["good"], spoken), basis)
    honest = sum(row.payments - row.expected_frauds for row in stopped if row.truth is None) + words["good"]
    note = (
        f"about {count(honest)} of {count(total)} stopped, by the model's own probability: nobody looked yet"
    )
    return Tile(name=name, value=percent(honest / total), note=note)


def by_lottery(overview: Overview) -> Range:
    """From what is surely good to all that has not proved fraud."""
    drawn = len(overview.drawn)
    frauds = sum(row.truth == "fraud" for row in overview.drawn)
    settled_good = len([row for row in _settled(overview) if row.truth != "fraud"])
    young_good = sum(row.truth == "good" for row in _young(overview))
    return Range(wilson(settled_good + young_good, drawn).low, wilson(drawn - frauds, drawn).high)


def lottery_basis(overview: Overview) -> str:
    frauds = sum(row.truth == "fraud" for row in overview.drawn)
    return (
        f"of {count(len(overview.drawn))} that the lottery let through, {count(frauds)} proved fraud so far"
    )


def time_to_decision(times: list[Times]) -> Tile:
    name = "Time to decision"
    if not times:
        return Tile(name=name, value="none", note="nothing was decided in this period")
    typical, worst = median(row.p99_us for row in times), max(row.p99_us for row in times)
    note = f"p99 {duration_ms(typical / 1000)} as a rule, {duration_ms(worst / 1000)} in the worst slice"
    return Tile(name=name, value=duration_ms(median(row.p50_us for row in times) / 1000), note=note)


def _estimate(total: int, share: Range, basis: str) -> Tile:
    note = f"{count(share.low * total)} to {count(share.high * total)} of {count(total)} stopped; {basis}"
    return Tile(
        name="False declines", value=f"{100 * share.low:.0f} to {100 * share.high:.0f} % of stops", note=note
    )


def _settled(overview: Overview) -> list[Drawn]:
    oldest = overview.now - timedelta(milliseconds=overview.maturity_ms)
    return [row for row in overview.drawn if row.decided_at < oldest]


def _young(overview: Overview) -> list[Drawn]:
    oldest = overview.now - timedelta(milliseconds=overview.maturity_ms)
    return [row for row in overview.drawn if row.decided_at >= oldest]


def _money(minor: float) -> str:
    return format_money(round(minor))


def _payments(number: int) -> str:
    return f"{count(number)} payment{'' if number == 1 else 's'}"
