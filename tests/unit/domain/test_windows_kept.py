"""A history keeps the windows that features read: no more, and none too few."""

from typing import Any, get_args

import pytest
from event_factories import NOW_MS, a_history, a_payment, a_transaction, an_account
from msgspec import structs

from domain.history import TILES_FIELD, WINDOWS_OF_KIND, HistoryKind
from domain.moment import sum_of
from domain.platform import pulse_of
from domain.profile import fold_profile
from domain.tiles import MONTH
from domain.vector import observe, vector


class Watched:
    """Answers as the history does, and remembers what was asked of it."""

    def __init__(self, history: Any) -> None:
        self._history = history
        self.asked: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        self.asked.add(name)
        return getattr(self._history, name)


@pytest.mark.parametrize("kind", get_args(HistoryKind))
def test_the_windows_kept_are_those_that_are_read(kind: HistoryKind) -> None:
    known: dict[str, Any] = {each: a_history(each, a_payment()) for each in get_args(HistoryKind)}
    moment = observe(
        **known,
        pulse=pulse_of([known["zone"]], NOW_MS),
        profile=fold_profile(None, an_account(), NOW_MS),
        transaction=a_transaction(),
        as_of_ms=NOW_MS,
    )
    watched = Watched(getattr(moment, kind))
    vector(structs.replace(moment, **{kind: watched}))
    read = watched.asked & set(TILES_FIELD.values())
    assert read == {TILES_FIELD[window_ms] for window_ms in WINDOWS_OF_KIND[kind]}


def test_a_sum_over_a_window_that_is_not_kept_is_refused() -> None:
    with pytest.raises(AssertionError, match="the history of a card keeps no tiles_30d"):
        sum_of("card", "payments", MONTH)
