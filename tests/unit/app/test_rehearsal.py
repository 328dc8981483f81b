"""A rehearsal stumbles where a decision would, and leaves nothing behind."""

import pytest
from factories import NOW_MS, a_pulse
from fakes import FakeFeatureReader, FakeModel, HangingModel
from fakes_scoring import FakeScoring

from app.ports import FeaturesUnreadable
from app.rehearsal import rehearse
from domain.catalogue import FEATURE_NAMES
from domain.errors import ModelRefused

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("scoring", [None, FakeScoring(FakeModel(0.9))])
@pytest.mark.parametrize("pulse", [None, a_pulse()])
async def test_it_is_about_nobody_and_leaves_nothing(scoring: FakeScoring | None, pulse: object) -> None:
    features = FakeFeatureReader()
    await rehearse(features, scoring, pulse, NOW_MS)  # type: ignore[arg-type]
    assert features.flight.payments == {}


async def test_the_model_is_shown_a_whole_vector() -> None:
    model = FakeModel()
    await rehearse(FakeFeatureReader(), FakeScoring(model), None, NOW_MS)
    [seen] = model.seen
    assert len(seen) == len(FEATURE_NAMES)


async def test_an_unreadable_store_stumbles() -> None:
    features = FakeFeatureReader()
    features.away = True
    with pytest.raises(FeaturesUnreadable):
        await rehearse(features, FakeScoring(FakeModel()), None, NOW_MS)


async def test_a_broken_model_stumbles() -> None:
    model = FakeModel()
    model.broken = True
    with pytest.raises(ModelRefused):
        await rehearse(FakeFeatureReader(), FakeScoring(model), None, NOW_MS)


async def test_a_scorer_that_says_nothing_stumbles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.rehearsal.SCORE_S", 0.01)
    with pytest.raises(ModelRefused, match="did not answer"):
        await rehearse(FakeFeatureReader(), FakeScoring(HangingModel()), None, NOW_MS)
