"""Placements in the order of their moves, and who decides at which instant."""

from some_models import a_model

from app.models.timetable import Timetable
from app.scoring import Scoring
from domain.models import ModelState, Placement

A, B, C = (a_model(f"mdl_{letter}") for letter in "abc")
ALL = {model.version: model for model in (A, B, C)}


def placed(model: Scoring, state: ModelState, from_ms: int = 0, share: float = 0.0) -> Placement:
    return Placement(version=model.version, state=state, active_from_ms=from_ms, share=share)


def test_nothing_is_nobody() -> None:
    assert Timetable().at(0, ALL).champion is None
    assert Timetable().next_instant_ms(0) is None


def test_a_promotion_takes_place_at_its_instant_and_not_before() -> None:
    table = Timetable(
        (
            placed(A, ModelState.CHAMPION),
            placed(B, ModelState.SHADOW),
            placed(B, ModelState.CHAMPION, 500),
            placed(A, ModelState.SHADOW, 500),
        )
    )
    before, after = table.at(499, ALL), table.at(500, ALL)
    assert (before.champion, before.shadows) == (A, (B,))
    assert (after.champion, after.shadows) == (B, (A,))
    assert (table.next_instant_ms(499), table.next_instant_ms(500)) == (500, None)
    assert table.wanted() == {"mdl_a", "mdl_b"}


def test_a_champion_that_is_not_loaded_here_leaves_the_one_before_at_work() -> None:
    table = Timetable((placed(B, ModelState.CHAMPION, 5), placed(A, ModelState.SHADOW, 5)))
    here = table.at(10, {"mdl_a": A})
    assert (here.champion, here.shadows) == (A, ())


def test_shadows_alone_decide_nothing() -> None:
    assert Timetable((placed(A, ModelState.SHADOW),)).at(0, ALL).champion is None


def test_of_two_champions_the_newer_decides() -> None:
    table = Timetable((placed(A, ModelState.CHAMPION), placed(B, ModelState.CHAMPION, 3)))
    assert table.at(3, ALL).champion is B
    assert table.at(3, ALL).shadows == (A,)


def test_a_canary_keeps_its_share_and_a_retired_model_is_gone() -> None:
    table = Timetable(
        (
            placed(A, ModelState.CHAMPION),
            placed(B, ModelState.CANARY, 1, 0.1),
            placed(C, ModelState.SHADOW, 1),
            placed(C, ModelState.RETIRED, 2),
        )
    )
    [canary] = table.at(2, ALL).canaries
    assert (canary.scoring, canary.share) == (B, 0.1)
    assert list(table.at(2, ALL).all()) == [A, B]
    assert table.wanted() == {"mdl_a", "mdl_b", "mdl_c"}
