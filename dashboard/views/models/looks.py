"""Models, moves, rounds and comparisons as HTML; everything from data is escaped."""

from collections.abc import Iterable, Mapping
from html import escape
from urllib.parse import urlencode

from dashboard.html_table import Html, table
from dashboard.verdict_mix import ALERTS
from dashboard.views.models.comparison import Comparison
from dashboard.views.models.readings import Process, Round, Standing
from dashboard.wording import VERDICTS
from domain.decision import Verdict
from domain.display import count, duration_ms, percent, timestamp
from domain.events import to_ms
from domain.models import ModelState
from domain.money import format_money
from scoring.registry import Move, RegisteredModel

IN_SERVICE = (ModelState.CHAMPION, ModelState.CANARY, ModelState.SHADOW)
WORDS = {
    ModelState.CHAMPION: "decides",
    ModelState.CANARY: "decides for some riders",
    ModelState.SHADOW: "scores in the shadow",
    ModelState.CANDIDATE: "waits",
    ModelState.RETIRED: "is out",
}
PRECISION = ("ap", "pr_auc")  # under either name


def in_service(models: Iterable[RegisteredModel]) -> list[RegisteredModel]:
    """The champion first, then canaries and shadows."""
    ranked = [model for model in models if model.state in IN_SERVICE]
    return sorted(ranked, key=lambda model: IN_SERVICE.index(model.state))


def cards(standing: Standing) -> str:
    paid = {row.model_version: row.decisions for row in standing.paid}
    total = sum(paid.values())
    parts = (_card(model, paid.get(model.version, 0), total) for model in in_service(standing.models))
    return f"<div class='fg-models'>{''.join(parts)}</div>"


def _card(model: RegisteredModel, paid: int, total: int) -> str:
    share = f", {model.share:.0%}" if model.share else ""
    facts = {
        "Kind": kind(model),
        "Learned from": f"{model.data_from:%Y-%m-%d} to {model.data_until:%Y-%m-%d}",
        "Precision": precision(model) or "not measured",
        "Decided, 24 h": f"{count(paid)} ({percent(paid / total)})" if paid else "none",
        "Registered": f"{model.registered_at:%Y-%m-%d %H:%M} by {model.registered_by}",
    }
    pairs = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts.items())
    return (
        f"<section class='fg-model fg-{model.state}'><div class='fg-name'>{escape(str(model.state))}{share}"
        f"<span class='fg-soft'>{WORDS[model.state]}</span></div>"
        f"<div class='fg-version'>{link(model.version)}</div><dl class='fg-facts'>{pairs}</dl></section>"
    )


def comparison(of: Mapping[str, Comparison]) -> str:
    headings = (
        "Model", "#Payments", "#Agreed", "#Harder", "#Softer", "Would say, and what was said",
        "#Truth known", "#Precision", "#Of the decider", "#Would have cost",
    )  # fmt: skip
    return table(headings, (_compared(version, row) for version, row in of.items()))


def _compared(version: str, row: Comparison) -> list[str]:
    return [
        Html(link(version)),
        count(row.payments),
        percent(row.agreed),
        percent(row.stricter),
        percent(row.milder),
        Html(f"{_mix(row.mix)}<br><span class='fg-soft'>{_mix(row.mix_decided)}</span>"),
        f"{count(row.known)}, {count(row.frauds)} fraud",
        "too few" if row.ap is None else f"{row.ap:.3f}",
        "" if row.ap_decided is None else f"{row.ap_decided:.3f}",
        "" if row.cheaper_minor is None else _cheaper(row.cheaper_minor),
    ]


def _cheaper(minor: int) -> str:
    if minor == 0:
        return "the same"
    return f"{format_money(abs(minor))} {'less' if minor > 0 else 'more'}"


def _mix(mix: Mapping[Verdict, float]) -> str:
    return ", ".join(f"{percent(mix.get(verdict, 0.0))} {VERDICTS[verdict]}" for verdict in ALERTS)


def history(moves: Iterable[Move]) -> str:
    return table(("When, UTC", "Model", "From", "To", "Who", "Why"), map(_move, moves), wraps=(5,))


def _move(move: Move) -> list[str]:
    share = f" {move.share:.0%}" if move.share else ""
    return [
        timestamp(to_ms(move.active_from)).removesuffix(" UTC"),
        Html(link(move.version)),
        str(move.from_state or "training"),
        f"{move.to_state}{share}",
        move.moved_by,
        move.why,
    ]


def rounds(of: Iterable[Round]) -> str:
    return table(("When, UTC", "Because", "#Labels", "Came out", "Why", "#Took"), map(_round, of), wraps=(4,))


def _round(row: Round) -> list[str]:
    candidate = f" ({row.candidate})" if row.candidate else ""
    return [
        timestamp(to_ms(row.ended_at)).removesuffix(" UTC"),
        row.trigger,
        count(row.labels),
        row.verdict.replace("_", " "),
        f"{row.why}{candidate}",
        duration_ms(1000 * row.compute_s),
    ]


def everyone(standing: Standing) -> str:
    headings = ("Model", "State", "Kind", "#Precision", "Payments until", "Registered, UTC", "By", "Code")
    return table(headings, map(_everyone, standing.models))


def _everyone(model: RegisteredModel) -> list[str]:
    return [
        Html(link(model.version)),
        f"{model.state} {model.share:.0%}" if model.share else str(model.state),
        kind(model),
        precision(model),
        f"{model.data_until:%Y-%m-%d %H:%M}",
        f"{model.registered_at:%Y-%m-%d %H:%M}",
        model.registered_by,
        model.code_version[:12],
    ]


def metrics(model: RegisteredModel) -> str:
    pairs = "".join(
        f"<div><span class='fg-soft'>{escape(name.replace('_', ' '))}</span><span>{value:,.5g}</span></div>"
        for name, value in sorted(model.metrics.items())
    )
    return f"<div class='fg-values'>{pairs}</div>"


def progress(processes: Iterable[Process]) -> str:
    """How far each process of the API is with the model that shall decide."""
    parts = "".join(f"<dt>{escape(one.process)}</dt><dd>{escape(_told(one))}</dd>" for one in processes)
    return f"<dl class='fg-facts'>{parts}</dl>"


def _told(one: Process) -> str:
    if not one.told:
        return "loads it and lets it score its golden rows"
    return f"refuses: {one.refused}" if one.refused else "has it ready"


def kind(model: RegisteredModel) -> str:
    return f"recent, on {model.base_version}" if model.base_version else model.kind


def precision(model: RegisteredModel) -> str:
    return next((f"{model.metrics[name]:.3f}" for name in PRECISION if name in model.metrics), "")


def link(version: str) -> str:
    address = escape("?" + urlencode({"model": version}), quote=True)
    return f"<a href='{address}' target='_self'>{escape(version)}</a>"
