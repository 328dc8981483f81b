import pytest
from event_factories import NOW_MS, a_transaction

from domain.moment import distance_km
from domain.vector import observe


@pytest.mark.parametrize(
    ("here", "there", "km"),
    [
        ((40.71, -74.0), (40.71, -74.0), 0),
        ((0, 0), (0, 1), 111.19),
        ((51.5, -0.12), (48.85, 2.35), 343),
        ((0, 0), (0, 180), 20_015),
        ((90, 0), (-90, 0), 20_015),
    ],
)
def test_distances(here: tuple[float, float], there: tuple[float, float], km: float) -> None:
    assert distance_km(*here, *there) == pytest.approx(km, rel=5e-3)


def test_a_moment_refuses_to_speak_of_unknown_entities() -> None:
    moment = observe(card=None, user=None, profile=None, transaction=a_transaction(), as_of_ms=NOW_MS)
    with pytest.raises(AssertionError, match="known entities only"):
        moment.account()
    with pytest.raises(AssertionError, match="known entities only"):
        moment.history("card")
