"""A report as one HTML file that needs nothing else: no script, no picture, no network."""

from collections.abc import Iterator, Sequence
from html import escape
from importlib.resources import files

from domain.display import count, percent
from domain.money import format_money
from scoring.report.chart import curves, interval_rows
from scoring.report.evaluation import AP, CARDS, FIGURES, RECALLS, SAVED, Evaluation
from scoring.report.intervals import REPLICATES, Interval
from scoring.report.report import Report

NAMES = {
    AP: "average precision",
    **{name: f"recall at {100 * rate:g} % false declines" for name, rate in RECALLS.items()},
    CARDS: "precision of the first 100 cards",
    SAVED: "money saved",
}


def page(report: Report) -> str:
    """The whole file's text."""
    style = files("scoring.report").joinpath("page.css").read_text("utf-8")
    title = f"Model {report.version}"
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{style}</style></head><body><h1>{escape(title)}</h1>"
        f"{''.join(_sections(report))}</body></html>\n"
    )


def _sections(report: Report) -> Iterator[str]:
    names = [each.contender.name for each in report.evaluations]
    yield f"<p>Trained on {escape(report.trained_on)}.</p>"
    yield f"<p>Evaluated on {escape(report.evaluated_on)}. None of them was trained on.</p>"
    yield (
        f"<p>Intervals hold 95 % of {REPLICATES} samples in which riders were drawn anew, each with all "
        "payments. A false decline is an honest payment declined or challenged. Money saved is the share of "
        "what fraud would have cost, had every payment been approved, less every cost of stopping it.</p>"
    )
    yield _section("Against what it must beat", _figures(report.evaluations))
    yield _section("Precision over recall", curves(report.precision_recall, x="recall", y="precision"))
    yield _section("Money", _money(report.evaluations))
    by_kind = {
        kind: [each.by_kind[kind] for each in report.evaluations] for kind in report.evaluations[0].by_kind
    }
    if by_kind:
        yield _section("By type of fraud: recall at 0.5 % false declines", interval_rows(by_kind, names))
        yield _section("The best single rule on one feature", _single_rules(report))
    if report.by_week:
        yield _section("By week: recall at 0.5 % false declines", interval_rows(report.by_week, names))
    yield _section("Calibration", _calibration(report))
    for name, found in report.scenarios.items():
        told = f"<p>{count(found[0].rows)} payments, {count(found[0].frauds)} of them fraud.</p>"
        yield _section(f"Scenario: {name.replace('_', ' ')}", told + _figures(found))
    yield _section("The best rules", _rulebook(report))
    if report.set_aside:
        rows = [[reason, count(number)] for reason, number in sorted(report.set_aside.items())]
        yield _section("Set aside", _table(["why", "payments"], rows))


def _section(title: str, content: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{content}</section>"


def _figures(evaluations: Sequence[Evaluation]) -> str:
    names = [each.contender.name for each in evaluations]
    rows = [[NAMES[figure], *(_interval(each.figures[figure]) for each in evaluations)] for figure in FIGURES]
    groups = {NAMES[figure]: [each.figures[figure] for each in evaluations] for figure in FIGURES}
    return _table(["", *names], rows) + interval_rows(groups, names)


def _interval(found: Interval) -> str:
    return f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f})"


def _money(evaluations: Sequence[Evaluation]) -> str:
    columns = ["", "saved", "share", "honest stopped", "review", "challenge", "decline", "thresholds"]
    return _table(columns, [_money_row(each) for each in evaluations])


def _money_row(found: Evaluation) -> list[str]:
    cuts, shares = found.contender.thresholds, found.verdict_shares
    return [
        found.contender.name,
        format_money(round(found.saved_minor)),
        percent(found.figures[SAVED].value),
        f"{100 * found.honest_stopped:.2f} %",
        *(f"{100 * shares[verdict]:.2f} %" for verdict in ("review", "challenge", "decline")),
        f"{cuts.review:.3f}, {cuts.challenge:.3f}, {cuts.decline:.3f}",
    ]


def _single_rules(report: Report) -> str:
    rows = [
        [kind.replace("_", " "), str(rule), percent(rule.recall)]
        for kind, rule in report.single_rules.items()
    ]
    told = "<p>At 0.5 % false declines, chosen with the labels at hand.</p>"
    return told + _table(["type", "rule", "recall"], rows)


def _calibration(report: Report) -> str:
    errors = [[name, f"{error:.5f}"] for name, error in report.calibration_error.items()]
    told = "<p>Each point stands for as many foretold frauds; on the grey line as many come.</p>"
    drawn = curves(report.calibration, x="foretold", y="seen", diagonal=True, dots=True)
    return told + drawn + _table(["", "expected calibration error"], errors)


def _rulebook(report: Report) -> str:
    rows = [[str(rule), percent(rule.precision)] for rule in report.rulebook.rules]
    return _table(["rule", "precision when chosen"], rows)


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
