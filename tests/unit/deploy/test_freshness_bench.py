import pytest

from deploy.bench.figures.percentile import percentile
from deploy.bench.freshness import Journey, split
from deploy.embedded.flink_rest import Checkpoint

CHECKPOINT = Checkpoint(began_ms=10_000, ended_ms=10_050)


@pytest.mark.parametrize(
    ("began", "ended", "met"),
    [
        (9.90, 9.99, False),
        (9.98, 10.01, True),
        (10.01, 10.02, True),
        (10.04, 10.20, True),
        (9.00, 11.00, True),
        (10.06, 10.20, False),
    ],
)
def test_a_journey_that_overlaps_a_checkpoint_is_counted_apart(began: float, ended: float, met: bool) -> None:
    quiet, disturbed = split([Journey(began, ended)], [CHECKPOINT])
    assert (len(quiet), len(disturbed)) == (int(not met), int(met))


def test_a_journey_is_told_in_milliseconds() -> None:
    quiet, _ = split([Journey(1.0, 1.0125)], [])
    assert quiet == [pytest.approx(12.5)]


def test_percentiles_are_values_that_were_measured() -> None:
    values = [float(number) for number in range(1, 101)]
    assert [percentile(values[::-1], share) for share in (0.5, 0.99, 1.0)] == [50.0, 99.0, 100.0]
    assert percentile([], 0.99) is None
