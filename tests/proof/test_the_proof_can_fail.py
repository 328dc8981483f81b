"""Each mistake put into the code on purpose is found by the proof within a few cases."""

from collections.abc import Callable, Sequence
from math import isnan
from random import Random
from typing import Any

import pytest
from proving import lived

import domain.counterparts
import domain.fold
import domain.moment
import domain.tiles
import domain.vector
from domain.events import PaymentCorrected, PaymentDecided
from domain.history import History, decode_history, encode_history
from domain.tiles import TILE_OF_WINDOW

CASES = 150


def _found(wanted: str) -> bool:
    """Whether some case differs in a line with `wanted` in it."""
    for seed in range(CASES):
        choices = Random(seed)
        city = lived([choices.getrandbits(48) for _ in range(60)])
        if any(wanted in difference for difference in city.differences):
            return True
    return False


Span = Callable[[list[int], int, int, int], tuple[int, int]]


def _windows_are(monkeypatch: pytest.MonkeyPatch, span: Span) -> None:
    for module in (domain.tiles, domain.moment):
        monkeypatch.setattr(module, "span", span)


def test_a_window_that_leaves_out_its_first_tile(monkeypatch: pytest.MonkeyPatch) -> None:
    true_span = domain.tiles.span

    def span(rows: list[int], stride: int, window_ms: int, as_of_ms: int) -> tuple[int, int]:
        first, past_end = true_span(rows, stride, window_ms, as_of_ms)
        edge = (as_of_ms - window_ms) // TILE_OF_WINDOW[window_ms]
        return (first + stride, past_end) if first < past_end and rows[first] == edge else (first, past_end)

    _windows_are(monkeypatch, span)
    assert _found("_payments_")


def test_a_window_that_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    true_span = domain.tiles.span

    def span(rows: list[int], stride: int, window_ms: int, as_of_ms: int) -> tuple[int, int]:
        return true_span(rows, stride, window_ms, as_of_ms)[0], len(rows)

    _windows_are(monkeypatch, span)
    assert _found("_5m")


def test_one_counterpart_too_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(domain.counterparts, "CAP", 31)
    assert _found("user_")


def test_payments_in_flight_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def without(_kind: str, history: History | None, *_: Any) -> History | None:
        return history

    monkeypatch.setattr(domain.vector, "_with_in_flight", without)
    assert _found("card_payments_5m")


def test_payments_in_flight_counted_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    true_fold = domain.fold.fold

    def fold(kind: Any, history: History | None, event: Any, *rest: Any) -> History:
        again = isinstance(event, PaymentDecided) and event.producer != "vector"
        blind = decode_history(encode_history(history)) if history else None
        if blind and again:
            blind.folded_slots, blind.folded_ids = [], []
        return true_fold(kind, blind, event, *rest)

    monkeypatch.setattr(domain.vector, "fold", fold)
    assert _found("payments_1h")


def test_recent_payments_in_the_order_of_their_telling(monkeypatch: pytest.MonkeyPatch) -> None:
    def keep(draft: History, fields: Sequence[str], row: Sequence[Any], cap: int) -> None:
        for field, value in zip(fields, row, strict=True):
            setattr(draft, field, [*getattr(draft, field), value][-cap:])

    monkeypatch.setattr(domain.fold, "_keep_newest", keep)
    assert _found("user_speed")


def test_a_correction_that_counts_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    def whole(_draft: History, _kind: str, event: PaymentCorrected, _time_ms: int) -> dict[str, int]:
        return {"amount_minor": event.after_minor}

    monkeypatch.setitem(domain.fold._FOLDS, PaymentCorrected, whole)
    assert _found("_amount_")


def test_replay_that_knows_what_came_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flink_jobs.as_known._places", lambda known: dict.fromkeys(known[::2], 10**12))
    assert _found("replay has another")


def test_a_ring_that_knows_what_came_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.parity.rings.pairs", lambda known: [(s, 10**12) for s in known[::2]])
    assert _found("in the store, replay has")


def test_hubs_that_connect(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("domain.ring", "feature_repo.rings.graph"):
        monkeypatch.setattr(f"{module}.connects", lambda riders: riders > 1)
    assert _found("ring_")


def test_a_builder_that_counts_late_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("domain.links.is_late", lambda *_: False)
    assert _found("ring_")


def test_a_job_that_folds_late_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flink_jobs.decode_step.is_late", lambda *_: False)
    assert _found("in the job")


def test_an_unknown_entity_that_counts_as_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    true_vector = domain.vector.vector

    def vector(moment: Any) -> Any:
        values = true_vector(moment)
        for place, value in enumerate(values):
            values[place] = 0.0 if isnan(value) else value
        return values

    monkeypatch.setattr("agreement.vector", vector)
    assert _found("nan by the oracle")


def test_tiles_dropped_by_the_clock_of_an_event_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(domain.tiles, "MAX_AHEAD_MS", 0)
    assert _found("_5m")
