"""Where the sliders stand: kept in the session, moved by hand and by buttons."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import streamlit as st
from msgspec import Struct

from dashboard.views.dial.scale import SLIDERS, Scale, in_order
from scoring.dial.setting import Setting

ALL = "all"
Capacity: TypeAlias = int | str
KEYS = {name: f"dial_{name}" for name in SLIDERS}
CAPACITY_KEY = "dial_capacity"
_BASE, _FOLLOW = "dial_base", "dial_follow"
_STEPS = (1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1_000, 2_000, 5_000, 10_000)
MOST_STEPS = 40


class Stand(Struct, frozen=True, kw_only=True):
    """All four sliders."""

    positions: dict[str, int]
    capacity: Capacity


def stand_of(scale: Scale, setting: Setting) -> Stand:
    """Where the sliders show a setting."""
    capacity = ALL if setting.reviews_a_day is None else round(setting.reviews_a_day)
    return Stand(positions=scale.positions(setting.thresholds), capacity=capacity)


def setting_of(scale: Scale, stand: Stand) -> Setting:
    reviews = None if stand.capacity == ALL else float(stand.capacity)
    return Setting(thresholds=scale.thresholds(stand.positions), reviews_a_day=reviews)


def begin(present: Stand, capacities: Sequence[Capacity]) -> None:
    """The sliders begin at the present, and follow it until somebody moves them."""
    untouched = CAPACITY_KEY not in st.session_state or st.session_state.get(_BASE) == _standing()
    if st.session_state.pop(_FOLLOW, False) or untouched:
        put(present)
    st.session_state[_BASE] = present
    if st.session_state[CAPACITY_KEY] not in capacities:
        st.session_state[CAPACITY_KEY] = nearest(capacities, st.session_state[CAPACITY_KEY])


def follow_present() -> None:
    """At the next look the sliders stand at the present again."""
    st.session_state[_FOLLOW] = True


def put(stand: Stand) -> None:
    for name, key in KEYS.items():
        st.session_state[key] = stand.positions[name]
    st.session_state[CAPACITY_KEY] = stand.capacity


def put_thresholds(positions: Mapping[str, int]) -> None:
    for name, key in KEYS.items():
        st.session_state[key] = positions[name]


def drag(moved: str) -> None:
    """After a slider was moved by hand."""
    put_thresholds(in_order(_standing().positions, moved))


def now() -> Stand:
    return _standing()


def capacities(present: Capacity, reviews_a_day: float) -> list[Capacity]:
    """Round numbers up to twice what was asked for, the present one, and whatever comes."""
    known = present if isinstance(present, int) else 0
    most = max(10.0, 2 * reviews_a_day, 1.5 * known)
    step = next((step for step in _STEPS if most / step <= MOST_STEPS), _STEPS[-1])
    rounded = range(0, round(most / step) * step + step, step)
    return [*sorted({*rounded, known}), ALL]


def nearest(capacities: Sequence[Capacity], wanted: Capacity) -> Capacity:
    numbers = [each for each in capacities if isinstance(each, int)]
    return min(numbers, key=lambda each: abs(each - wanted)) if isinstance(wanted, int) else ALL


def _standing() -> Stand:
    state: Any = st.session_state
    return Stand(
        positions={name: state.get(key, 0) for name, key in KEYS.items()},
        capacity=state.get(CAPACITY_KEY, ALL),
    )
