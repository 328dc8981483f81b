"""The page: who decides, would another do better, and can its probabilities be believed?"""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from app.desk.people import Person
from dashboard import drift as drifting
from dashboard import markup, shell
from dashboard.health import Level
from dashboard.palette import palette
from dashboard.reading import ReadingsUnavailable
from dashboard.readings import DriftRow
from dashboard.views.models import calibration, charts, looks, rolling
from dashboard.views.models.comparison import Comparison
from dashboard.views.models.readings import Bin, Process, Round, ScoreDrift, Standing
from dashboard.views.models.report import locked
from dashboard.views.models.rollback import Rollbacks
from domain.models import ModelState

NO_MODELS = (
    "There is no model yet. `faregate up` trains the first one from the past it makes; `faregate train` "
    "makes one of your own data. Until then payments are decided by their amount and the rules."
)
NO_CHAMPION = "No model decides now. `faregate model promote` puts one in charge."
NO_SHADOWS = "No model scored beside the champion in the last day. `faregate model shadow` lets one do so."
NO_TRUTH = (
    "Too few payments of this model have a truth that is known: it comes with analysts' decisions in the "
    "queue, and with time."
)
NO_DRIFT = (
    "Nobody has compared payments with the training window yet: `faregate learn` does, as part of the stack."
)
NO_ROUNDS = "The learner has not looked yet. It runs with the stack; `faregate learn` runs it once."
REPORT_PX = 900


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where the page reads; every callable but `rollbacks` raises ReadingsUnavailable."""

    standing: Callable[[], Standing]
    comparisons: Callable[[], dict[str, Comparison]]
    calibration: Callable[[str], list[Bin]]
    drift: Callable[[], tuple[list[DriftRow], list[ScoreDrift]]]
    rounds: Callable[[], list[Round]]
    report: Callable[[str], str | None]
    processes: Callable[[str], list[Process]]
    rollbacks: Rollbacks


def show(source: Source, person: Person) -> None:
    shell.put_css(__package__)
    st.html(
        "<div class='fg-brand'><b>Models</b>"
        "<span class='fg-soft'>who decides, and would another do better?</span></div>"
    )
    try:
        _all(source, person)
    except ReadingsUnavailable as unavailable:
        st.html(markup.notice(str(unavailable), level=Level.BAD))


def _all(source: Source, person: Person) -> None:
    standing = source.standing()
    if not standing.models:
        st.html(markup.notice(NO_MODELS))
        return
    rolling.tell(source.rollbacks, source.processes)
    _opened(source, standing)
    st.html(looks.cards(standing))
    champion = next((model for model in standing.models if model.state is ModelState.CHAMPION), None)
    if champion is None:
        st.html(markup.notice(NO_CHAMPION))
    else:
        rolling.offer(source.rollbacks, person, failed=champion.version, former=standing.former)
    _comparison(source)
    left, right = st.columns(2, gap="medium")
    with left:
        _calibration(source, champion.version if champion else None)
    with right:
        _drift(source, standing)
    _history(source, standing)


def _opened(source: Source, standing: Standing) -> None:
    """The model that the address names: what it was measured at, and its report."""
    opened = st.query_params.get("model")
    if not opened:
        return
    model = next((model for model in standing.models if model.version == opened), None)
    if model is None:
        st.html(markup.notice(f"The registry has no model {opened}. Open one from the tables below."))
        return
    with st.container(border=True):
        st.html(
            markup.title(model.version, f"{model.state}; {looks.kind(model)}; code {model.code_version[:12]}")
        )
        st.html(looks.metrics(model))
        if model.version in standing.reported:
            with st.expander("Its report of training"):
                st.iframe(locked(source.report(model.version) or ""), height=REPORT_PX)
        else:
            st.html(markup.notice("It was registered without a report; offline models have one."))
        st.button("Close", on_click=_close, key="close_model")


def _close() -> None:
    st.query_params.pop("model", None)


def _comparison(source: Source) -> None:
    st.html(
        markup.title(
            "Against the decider",
            "last 24 h; precision and cost on payments of 30 days whose truth is known",
        )
    )
    compared = source.comparisons()
    st.html(looks.comparison(compared) if compared else markup.notice(NO_SHADOWS))


def _calibration(source: Source, champion: str | None) -> None:
    st.html(markup.title("Calibration", "of the champion; bars show what chance allows"))
    bins = source.calibration(champion) if champion else []
    if not calibration.is_enough(bins):
        st.html(markup.notice(NO_TRUTH))
        return
    points = calibration.points(bins)
    st.altair_chart(charts.calibration(points, palette()), width="stretch", alt=calibration.sentence(points))
    st.html(markup.notice(calibration.sentence(points)))


def _drift(source: Source, standing: Standing) -> None:
    st.html(markup.title("Drift", "of the score from the training window, seven days; it alarms at the line"))
    rows, checks = source.drift()
    if not rows:
        st.html(markup.notice(NO_DRIFT))
        return
    if checks:
        st.altair_chart(
            charts.drift(checks, palette()), width="stretch", alt="PSI of the score, check by check"
        )
    st.html(markup.health(drifting.lines(rows, standing.now)))
    with st.expander("Every feature that moved"):
        st.html(markup.drifted(drifting.moved(rows)))


def _history(source: Source, standing: Standing) -> None:
    moves, learning, everyone = st.tabs(["Who moved whom", "Learning", "All models"])
    with moves:
        st.html(looks.history(standing.moves))
    with learning:
        rounds = source.rounds()
        st.html(looks.rounds(rounds) if rounds else markup.notice(NO_ROUNDS))
    with everyone:
        st.html(looks.everyone(standing))
