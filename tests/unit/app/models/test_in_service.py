"""Which model meets a rider's payment."""

from some_models import CANARY, CHAMPION, SHADOW

from app.models.in_service import NONE, Canary, InService
from domain.models import is_canary_rider


def test_without_models_nobody_decides() -> None:
    assert NONE.deciding("usr_a") == ()
    assert list(NONE.all()) == []


def test_the_champion_decides_for_who_is_no_canary() -> None:
    models = InService(champion=CHAMPION, canaries=(Canary(scoring=CANARY, share=0.0),), shadows=(SHADOW,))
    assert models.deciding("usr_a") == (CHAMPION,)
    assert list(models.all()) == [CHAMPION, CANARY, SHADOW]


def test_a_canary_decides_for_its_riders_and_the_champion_stands_by() -> None:
    models = InService(champion=CHAMPION, canaries=(Canary(scoring=CANARY, share=0.2),))
    riders = [f"usr_{n}" for n in range(5_000)]
    theirs = {rider for rider in riders if models.deciding(rider) == (CANARY, CHAMPION)}
    assert theirs == {rider for rider in riders if is_canary_rider("mdl_b", rider, 0.2)}
    assert 850 < len(theirs) < 1_150


def test_the_next_canary_has_other_riders() -> None:
    riders = [f"usr_{n}" for n in range(5_000)]
    one, other = ({r for r in riders if is_canary_rider(version, r, 0.2)} for version in ("mdl_b", "mdl_c"))
    assert len(one & other) < 300  # 4 % of them by chance


def test_without_a_champion_the_canary_decides_alone() -> None:
    models = InService(canaries=(Canary(scoring=CANARY, share=1.0),))
    assert models.deciding("usr_a") == (CANARY,)
