"""The money dial: what would other thresholds, or more reviewers, cost and save?"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

import streamlit as st
from msgspec import structs

from app.desk.people import Person, Role
from dashboard import markup, shell
from dashboard.health import Level
from dashboard.palette import palette
from dashboard.reading import ReadingsUnavailable
from dashboard.views.dial import applying, charts, explained, state, tiles, wording
from dashboard.views.dial.readings import Period, Standing
from dashboard.views.dial.scale import NEVER, POSITIONS, SLIDERS, Scale, position_of
from dashboard.views.dial.state import Capacity, Stand
from dashboard.views.dial.tiles import Three
from domain.display import clock
from domain.events import to_ms
from domain.policy import Policy
from scoring.dial.curves import CAPACITY, Point, curve
from scoring.dial.figures import REVIEWS, figures_of
from scoring.dial.past import Past
from scoring.dial.setting import Setting

PERIODS_DAYS = (7, 30, 90)
ALONG = (*SLIDERS, CAPACITY)


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where the page reads and writes. `standing` and `period` raise ReadingsUnavailable; `best` gives the
    best thresholds of a period for so many reviews a day; `apply` is app.policies.dialling.PolicyDesk's."""

    standing: Callable[[], Standing]
    period: Callable[[int], Period]
    best: Callable[[Period, Scale, float | None], Setting]
    apply: Callable[..., int]
    read_again: Callable[[], None]


def show(source: Source, person: Person) -> None:
    shell.put_css("dashboard.views.dial")
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.html(markup.title("Money dial", "what would other thresholds cost and save?"))
        days = st.segmented_control(
            "Period",
            PERIODS_DAYS,
            default=30,
            required=True,
            format_func=lambda days: f"{days} days",
            label_visibility="collapsed",
            key="days",
            bind="query-params",
        )
    applying.tell()
    try:
        standing, period = source.standing(), source.period(days)
    except ReadingsUnavailable as unavailable:
        st.html(markup.notice(str(unavailable), level=Level.BAD))
        return
    st.fragment(_dial)(source, person, standing, period)
    explained.how_it_is_counted(period)
    explained.history(standing)


def _dial(source: Source, person: Person, standing: Standing, period: Period) -> None:
    missing = wording.missing(period)
    if missing:
        st.html(markup.notice(missing, level=Level.WATCH if period.past else Level.UNKNOWN))
    if period.past is None:
        return
    scale = Scale(present=standing.present.thresholds)
    present = state.stand_of(scale, standing.present)
    unlimited = structs.replace(standing.present, reviews_a_day=None)
    capacities = state.capacities(present.capacity, figures_of(period.past, unlimited).value(REVIEWS))
    state.begin(present, capacities)
    yours = state.setting_of(scale, state.now())
    best = source.best(period, scale, yours.reviews_a_day)
    three = Three(
        present=figures_of(period.past, standing.present),
        yours=figures_of(period.past, yours),
        best=figures_of(period.past, best),
    )
    _said(standing, period)
    st.html(tiles.tiles(three))
    left, right = st.columns([1, 1.55], gap="large")
    with left:
        _sliders(capacities, scale)
        _moves(present, state.stand_of(scale, best))
    with right:
        _curves(period, scale, standing.present, yours, best)
    _effect(three, standing.present, yours)
    _deeds(source, person, standing, _Wish(period=period, three=three, yours=yours))


@dataclass(frozen=True, kw_only=True)
class _Wish:
    period: Period
    three: Three
    yours: Setting


def _said(standing: Standing, period: Period) -> None:
    told = f"{wording.in_force(standing)} {wording.known(period)} Read at {clock(to_ms(period.read_at))} UTC."
    st.html(f"<div class='fg-soft fg-dial-known'>{escape(told)}</div>")


def _sliders(capacities: list[Capacity], scale: Scale) -> None:
    st.html(markup.title("Your setting", "score, and the probability of fraud it stands for"))
    for name in SLIDERS:
        st.select_slider(
            f"{name.capitalize()} from",
            POSITIONS,
            key=state.KEYS[name],
            format_func=lambda position: wording.at_position(float(scale.cuts[position])),
            on_change=state.drag,
            args=(name,),
        )
    st.select_slider(
        "Reviews that analysts can do",
        capacities,
        key=state.CAPACITY_KEY,
        format_func=wording.capacity,
        help="The riskiest are reviewed first; the rest go through unreviewed.",
    )


def _moves(present: Stand, best: Stand) -> None:
    now = state.now()
    with st.container(horizontal=True):
        st.button(
            "Take the optimal",
            on_click=state.put_thresholds,
            args=(best.positions,),
            disabled=now.positions == best.positions,
            help="The thresholds that save most with so many reviews.",
        )
        st.button("Reset to present", on_click=state.put, args=(present,), disabled=now == present)


def _curves(period: Period, scale: Scale, present: Setting, yours: Setting, best: Setting) -> None:
    along = st.segmented_control(
        "Along", ALONG, default="decline", required=True, key="dial_along", label_visibility="collapsed"
    )
    if period.past is None:
        return
    settings = {"present": present, "yours": yours, "optimal": best}
    drawn = charts.Along(slider=along, marks={name: _place(of, along) for name, of in settings.items()})
    points = _points(period.past, scale, yours, drawn)
    colours = palette()
    st.vega_lite_chart(spec=charts.saved(points, drawn, colours), width="stretch", key="dial_saved")
    st.vega_lite_chart(spec=charts.fraud_loss(points, drawn, colours), width="stretch", key="dial_loss")


def _points(past: Past, scale: Scale, yours: Setting, along: charts.Along) -> list[Point]:
    """The other sliders stand as in your setting."""
    marked = [at for at in along.marks.values() if at is not None]
    if along.slider == CAPACITY:
        most = max([20.0, *(1.6 * at for at in marked)])
        return curve(past, yours, CAPACITY, sorted({*(most * step / 24 for step in range(25)), *marked}))
    positions = sorted({*range(0, NEVER, 4), NEVER, *map(int, marked)})
    found = curve(past, yours, along.slider, [float(scale.cuts[position]) for position in positions])
    return [structs.replace(point, at=at) for point, at in zip(found, positions, strict=True)]


def _place(setting: Setting, along: str) -> float | None:
    if along == CAPACITY:
        return setting.reviews_a_day
    return position_of(getattr(setting.thresholds, along))


def _effect(three: Three, present: Setting, yours: Setting) -> None:
    if present == yours:
        text = escape(wording.NOTHING_CHANGES)
    else:
        change = three.yours.change_from(three.present)
        text = (
            f"Your setting: {escape(wording.effect(change))}.<br>"
            f"<span class='fg-soft'>{escape(wording.certainty(change))}</span>"
        )
    st.html(f"<div class='fg-dial-effect' role='status'>{text}</div>")


def _deeds(source: Source, person: Person, standing: Standing, wish: _Wish) -> None:
    may = person.role.allows(Role.LEAD)
    asked = None if may else "A lead may do this: send them the address of this page."
    with st.container(horizontal=True, vertical_alignment="center"):
        changed = wish.yours != standing.present
        if st.button("Apply …", type="primary", disabled=not (may and changed), help=asked, key="dial_apply"):
            applying.ask(standing, _policy(standing, wish), _about(standing, wish))
        own = st.button(
            "Back to the model's own thresholds …",
            disabled=standing.is_own or not may,
            help=asked,
            key="dial_own",
        )
        if own:
            applying.ask(standing, Policy(), _about(standing, wish, own=True))
        st.button("Read the ledger again", on_click=source.read_again, type="tertiary")
    applying.open_if_asked(source.apply, person)


def _policy(standing: Standing, wish: _Wish) -> Policy:
    """Thresholds that nobody moved stay the models' own."""
    reviews = None if wish.yours.reviews_a_day is None else round(wish.yours.reviews_a_day)
    if standing.is_own and wish.yours.thresholds == standing.present.thresholds:
        return Policy(reviews_a_day=reviews)
    return Policy(**structs.asdict(wish.yours.thresholds), reviews_a_day=reviews)


def _about(standing: Standing, wish: _Wish, *, own: bool = False) -> applying.About:
    """What the dialog says, and what is kept with the policy."""
    past, yours = wish.period.past, wish.yours
    evidence: Mapping[str, Any] = {}
    three = wish.three
    if own and past and standing.champion:
        yours = Setting(thresholds=standing.champion.thresholds)
        three = structs.replace(three, yours=figures_of(past, yours))
    if past and not (own and standing.champion is None):
        evidence = tiles.evidence(three, days=wish.period.days, payments=past.payments, frauds=past.frauds)
    return applying.About(
        changes=wording.differences(standing.present, yours),
        effect=wording.effect(three.yours.change_from(three.present)),
        warning=wording.missing(wish.period),
        evidence=dict(evidence),
    )
