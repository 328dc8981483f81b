import numpy as np
import pytest
from judged_rows import START_MS, rows_of, some_rows

from domain.display import DAY_MS
from scoring.learning.voices import SHARE_MAX, capped, voices


def test_every_analyst_is_a_voice_and_nobody_else() -> None:
    rows = rows_of([0, 1, 1, 0], sources=np.array(["maturity", "chargeback", "analyst:ann", "analyst:bob"]))
    named = {voice.name: voice.rows.tolist() for voice in voices(rows) if "analyst" in voice.name}
    assert named == {
        "the analyst ann": [False, False, True, False],
        "the analyst bob": [False, False, False, True],
    }


def test_a_short_window_has_ten_voices_in_time_that_share_its_rows() -> None:
    found = voices(some_rows())
    assert {voice.name for voice in found} == {"the labels of one tenth of the time"}
    assert [int(voice.rows.sum()) for voice in found] == [100] * 10


def test_a_long_window_has_a_voice_a_day() -> None:
    days = np.sort(np.random.default_rng(1).integers(0, 20, 1_000))
    rows = some_rows(labelled_ms=START_MS // DAY_MS * DAY_MS + days * DAY_MS + 5)
    found = voices(rows)
    assert {voice.name for voice in found} == {"the labels of one day"}
    assert [int(voice.rows.sum()) for voice in found] == np.bincount(days).tolist()


@pytest.mark.parametrize("label", [0, 1])
def test_no_analyst_has_more_than_a_fifth_of_the_weight_of_a_class(label: int) -> None:
    labels = np.repeat([0, 1], 100)
    sources = np.full(200, "maturity", "U20")
    sources[labels == label] = np.repeat(["analyst:loud", "analyst:quiet", "chargeback"], [70, 10, 20])
    before = rows_of(labels, sources=sources)
    after = capped(before)
    of_class = after.labels == label
    loud, quiet = (after.weights[of_class & (sources == f"analyst:{name}")] for name in ("loud", "quiet"))
    assert loud.sum() / after.weights[of_class].sum() == pytest.approx(SHARE_MAX, rel=1e-5)
    assert quiet.tolist() == [1.0] * 10
    assert after.weights[~of_class].tolist() == before.weights[~of_class].tolist()


def test_an_analyst_who_is_alone_counts_for_nothing() -> None:
    rows = rows_of([0, 0, 1], sources=np.array(["maturity", "maturity", "analyst:ann"]))
    assert capped(rows).weights.tolist() == [1, 1, 0]


def test_no_rows_have_no_voices() -> None:
    assert voices(rows_of([])) == []
