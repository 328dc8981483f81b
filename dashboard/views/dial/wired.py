"""The dial page with its sources."""

import os
from typing import Any

import streamlit as st

from app.policies.dialling import PolicyDesk
from dashboard import resources, sign_in
from dashboard.views.dial import page as view
from dashboard.views.dial.reader import DialReader
from dashboard.views.dial.readings import Period, Standing
from dashboard.views.dial.scale import Scale
from domain.display import DAY_MS
from domain.labels import MATURITY_DAYS
from domain.policy import Policy
from scoring.dial.optimum import optimum
from scoring.dial.setting import Setting

KEPT_S = 600  # what a look at the ledger holds good for; the page's button looks again
MATURITY = "FAREGATE_MATURITY_S"


def page() -> None:
    person = sign_in.person()
    if person is None:
        return
    view.show(_source(), person)


def _source() -> view.Source:
    return view.Source(
        standing=_standing,
        period=_period,
        best=_best,
        apply=_apply,
        read_again=_period.clear,
    )


def _reader() -> DialReader:
    maturity_s = int(os.environ.get(MATURITY, MATURITY_DAYS * DAY_MS // 1000))
    return DialReader(resources.read_pool(), 1000 * maturity_s)


@st.cache_data(ttl=1.0, max_entries=1, show_spinner=False)
def _standing() -> Standing:
    return _reader().standing()


@st.cache_resource(ttl=KEPT_S, max_entries=len(view.PERIODS_DAYS), show_spinner="Reading the ledger …")
def _period(days: int) -> Period:
    """One value for everybody who looks, which nobody changes."""
    return _reader().period(days)


@st.cache_data(
    max_entries=200,
    show_spinner=False,
    hash_funcs={
        Period: lambda period: (period.days, period.read_at),
        Scale: lambda scale: scale.cuts.tobytes(),
    },
)
def _best(period: Period, scale: Scale, reviews_a_day: float | None) -> Setting:
    assert period.past is not None  # noqa: S101 - nobody asks for the best of no payments
    return optimum(period.past, scale.cuts, reviews_a_day=reviews_a_day)


def _apply(policy: Policy, *, person_id: str, **how: Any) -> int:
    version = PolicyDesk(resources.desk()).apply(policy, person_id=person_id, **how)
    _standing.clear()
    return version
