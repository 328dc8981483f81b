"""Models that say what a test wants, by their versions."""

from fakes import FakeModel
from fakes_scoring import FakeScoring

from app.scoring import Scoring


def a_model(version: str) -> Scoring:
    model = FakeModel()
    model.version = version
    return FakeScoring(model)


CHAMPION, CANARY, SHADOW = a_model("mdl_a"), a_model("mdl_b"), a_model("mdl_c")
