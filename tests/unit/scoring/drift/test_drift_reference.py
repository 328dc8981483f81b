import msgspec
import numpy as np
import pytest
from drift_windows import column, payments

from domain.catalogue import FEATURE_NAMES
from scoring.drift import DriftRefused, reference_of
from scoring.drift.reference import CUTS, KEPT, SCORE, read_reference


def test_every_feature_and_the_score_are_kept() -> None:
    vectors, probabilities = payments(3_000, 1)
    subjects = read_reference(reference_of(vectors, probabilities[:900])).subjects
    assert set(subjects) == {*FEATURE_NAMES, SCORE}
    assert (subjects["amount"].rows, subjects[SCORE].rows) == (3_000, 900)


def test_a_subject_is_cut_where_its_values_are() -> None:
    vectors, probabilities = payments(2_000, 1)
    vectors[:, column("amount")] = np.arange(2_000)
    vectors[:500, column("amount")] = np.nan
    kept = read_reference(reference_of(vectors, probabilities)).subjects["amount"]
    assert (kept.missing, kept.low, kept.high) == (500, 500.0, 1_999.0)
    assert kept.edges == pytest.approx([500 + share * 1_500 for share in CUTS], abs=1)
    assert kept.counts == pytest.approx([150] * 9 + [75, 60, 15], abs=2)
    assert len(kept.sample()) == KEPT
    assert np.quantile(kept.sample(), 0.5) == pytest.approx(1_250, abs=2)


def test_few_values_are_kept_whole() -> None:
    vectors, probabilities = payments(40, 1)
    vectors[:, column("amount")] = np.arange(40)
    kept = read_reference(reference_of(vectors, probabilities)).subjects["amount"]
    assert kept.sample().tolist() == list(range(40))


def test_the_same_rows_give_the_same_bytes_whatever_their_order() -> None:
    vectors, probabilities = payments(1_000, 1)
    assert reference_of(vectors[::-1], probabilities[::-1]) == reference_of(vectors, probabilities)


def test_a_vanished_and_a_constant_feature_are_kept_as_they_were() -> None:
    vectors, probabilities = payments(300, 1)
    vectors[:, column("rating")] = np.nan
    vectors[:, column("amount")] = 7
    subjects = read_reference(reference_of(vectors, probabilities)).subjects
    assert (subjects["rating"].low, subjects["rating"].counts, subjects["rating"].known) == (None, [0], 0)
    assert (subjects["amount"].edges, subjects["amount"].counts) == ([7.0], [300, 0])


def test_no_rows_infinite_values_and_other_shapes_are_refused() -> None:
    vectors, probabilities = payments(10, 1)
    with pytest.raises(DriftRefused, match="no rows"):
        reference_of(vectors[:0], probabilities)
    with pytest.raises(DriftRefused, match="these have shape"):
        reference_of(vectors[:, 1:], probabilities)
    vectors[3, column("distance")] = np.inf
    with pytest.raises(DriftRefused, match="distance has infinite values"):
        reference_of(vectors, probabilities)


def test_what_is_no_reference_is_refused() -> None:
    with pytest.raises(DriftRefused, match=r"reference\.json cannot be read"):
        read_reference(b'{"catalogue": 3')
    other = msgspec.json.decode(reference_of(*payments(10, 1))) | {"catalogue": "another"}
    with pytest.raises(DriftRefused, match="other features"):
        read_reference(msgspec.json.encode(other))
