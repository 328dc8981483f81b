"""How the dial counts, and which policies there were."""

from html import escape

import streamlit as st

from app.policies.store import PolicyVersion
from dashboard import markup
from dashboard.views.dial import wording
from dashboard.views.dial.readings import Period, Standing
from domain.cost import Costs
from domain.display import count, percent, timestamp
from domain.events import to_ms
from domain.money import format_money
from scoring.dial.figures import COVERAGE, DRAWS, SAVED
from scoring.dial.setting import REVIEW_MINUTES
from scoring.thresholds import FALSE_DECLINES_MAX


def how_it_is_counted(period: Period) -> None:
    with st.expander("How this is counted"):
        lines = [
            *_lines(),
            *(f"{count(n)} payments are left out: {why}." for why, n in period.left_out.items()),
        ]
        st.html(f"<ul class='fg-dial-changes'>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>")


def history(standing: Standing) -> None:
    st.html(markup.title("Policies", "the newest first; each is a version that decisions name"))
    if not standing.history:
        st.html(markup.notice("No policy was ever set: every model goes by its own thresholds."))
        return
    head = markup.head("#Version", "Set", "By", "Thresholds", "Reviews", "Why", "#Net money expected a day")
    body = "".join(_row(each, standing.version) for each in standing.history)
    st.html(f"<table class='fg-table fg-alerts'>{head}<tbody>{body}</tbody></table>")


def _row(of: PolicyVersion, in_force: int) -> str:
    mark = " class='fg-opened'" if of.policy.version == in_force else ""
    cells = (
        f"<td class='fg-number'>{of.policy.version}</td>",
        f"<td>{timestamp(to_ms(of.changed_at))}</td>",
        f"<td>{escape(of.changed_by)}</td>",
        f"<td>{escape(wording.policy(of.policy))}</td>",
        f"<td>{escape(wording.capacity(of.policy.reviews_a_day))}</td>",
        f"<td class='fg-why'>{escape(of.why)}</td>",
        f"<td class='fg-number'>{escape(_expected(of))}</td>",
    )
    return f"<tr{mark}>{''.join(cells)}</tr>"


def _expected(of: PolicyVersion) -> str:
    """As the past said it when the policy was set."""
    try:
        before, after = (float(of.evidence[name][SAVED]) for name in ("before", "after"))
    except (KeyError, TypeError, ValueError):
        return ""
    return wording.signed(SAVED, after - before)


def _lines() -> list[str]:
    costs = Costs()
    fee, goodwill = format_money(costs.chargeback_fee_minor), format_money(costs.goodwill_minor)
    return [
        "Every payment that a model decided is decided again, by its probability then. What a list or a rule "
        "decided stays as it was.",
        "A chargeback or an analyst's word says what a payment was; so does the silence of the whole "
        "maturity after a capture.",
        "A captured payment that nobody has spoken of counts by the model's probability, and by less the "
        "longer nobody complains.",
        "What was stopped was never paid, so nobody knows what it would have become: it counts by the "
        "model's probability, moved by a challenge that was passed or failed, and corrected by the few "
        "payments that were let through by lot. These figures are as good as the model's calibration, and no "
        "better.",
        f"A fraud costs its amount and {fee}; a refused honest rider {percent(costs.margin_share)} of the "
        f"fare and {goodwill}; a review {format_money(costs.review_minor)} and {REVIEW_MINUTES:.0f} minutes, "
        f"and it catches {percent(costs.review_catches)} of frauds; a challenge "
        f"{format_money(costs.challenge_minor)}, {percent(costs.challenge_fraud_passes)} of thieves pass it "
        f"and {percent(costs.challenge_honest_leaves)} of honest riders leave.",
        "Net money is what is saved against letting every payment through, all these costs taken off.",
        f"A band holds {percent(COVERAGE)} of {count(DRAWS)} drawings of other riders. It says how much is "
        "chance, not how wrong the model may be about what nobody knows.",
        "The optimal setting saves most on these payments with so many reviews a day, and stops at most "
        f"{percent(FALSE_DECLINES_MAX)} of honest payments.",
    ]
