from argparse import ArgumentParser, Namespace
from dataclasses import replace

import numpy as np
import pytest
import xgboost
from small_model import MODEL_KEY

from deploy.bench import score
from deploy.bench.model import variants
from deploy.bench.model.agreement import Disagreement, compared
from deploy.bench.model.timing import cold, warm
from scoring.dataset import Dataset, split_by_time
from scoring.scorer import BOOSTER_FILE, Scorer
from scoring.train import PARAMETERS, ModelReport


def chosen(*arguments: str) -> Namespace:
    parser = ArgumentParser()
    score.options(parser)
    return parser.parse_args(arguments)


def silently(_: str) -> None:
    pass


def test_it_says_what_it_measured(
    trained: ModelReport, rows: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(score, "COLD_ROWS", 3)
    options = chosen("--timed", "600", "--rows", "3000")
    found = score.measured(trained.folder, MODEL_KEY, split_by_time(rows), options, silently)
    assert (found["model"], found["rows"], found["trees"]) == (trained.version, 3_000, trained.trees)
    rivals = [found[f"{name}_p50_us"] for name in ("inplace", "tl2cgen_dmatrix", "gtil")]
    assert 0 < found["ours_p50_us"] < min(rivals)
    assert 0 < found["score_us_p50"] <= found["score_us_p99"] <= found["score_us_max"]
    assert found["explain_us_p50"] > found["score_us_p50"]
    assert found["cold_p99_us"] > 0
    assert 0 < found["max_abs_diff_in_double"] < 1e-7 < found["max_abs_diff"] <= 1e-6


def test_a_difference_is_found_wherever_it_is(trained: ModelReport, rows: Dataset) -> None:
    scorer = Scorer.load(trained.folder, MODEL_KEY)
    booster = xgboost.Booster(model_file=trained.folder / BOOSTER_FILE)
    found = compared(scorer, booster[: trained.trees - 1], rows.vectors, 2_000)
    assert min(found.max_abs_diff, found.max_abs_diff_in_double) > 1e-5


def test_a_row_must_score_alone_as_among_others(
    trained: ModelReport, rows: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    scorer = Scorer.load(trained.folder, MODEL_KEY)
    booster = xgboost.Booster(model_file=trained.folder / BOOSTER_FILE)
    monkeypatch.setattr(scorer, "score", lambda _: 0.123)
    with pytest.raises(Disagreement):
        compared(scorer, booster, rows.vectors, 1_000)


def test_times_are_of_the_calls() -> None:
    asked: list[int] = []
    times = warm(asked.append, range(300))
    assert asked == list(range(300))
    assert 0 < times.p50 <= times.p99 <= times.longest
    assert cold(asked.append, [1]).longest > 0


def test_variants_are_measured_alike(
    trained: ModelReport, rows: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = xgboost.Booster(model_file=trained.folder / BOOSTER_FILE)
    for name, value in {
        "COLD_ROWS": 2,
        "WARM_ROWS": 300,
        "COMPARED_ROWS": 1_200,
        "SEEDS": (1,),
        "SLOW_ROWS": 50,
    }.items():
        monkeypatch.setattr(variants, name, value)
    monkeypatch.setattr(variants, "fit_teacher", lambda *_: served)
    recipes = {
        "teacher": lambda _, teacher, __: teacher,
        variants.DEFAULT: lambda *_: served,
        "short": lambda *_: served[:30],
    }
    monkeypatch.setattr(variants, "RECIPES", recipes)
    split = split_by_time(replace(rows, vectors=np.floor(rows.vectors)))
    found = {variant.name: variant for variant in variants.measured(split, silently)}
    ways = ["default, compiled", "default, quantised", "default, interpreted"]
    assert list(found) == ["teacher, compiled", *ways, "short, compiled"]
    default, short = found["default, compiled"], found["short, compiled"]
    assert (default.ap_lost, short.trees) == (0, 30)
    assert short.size_kib < default.size_kib
    assert short.ap_lost == pytest.approx(1 - short.ap / default.ap)
    assert found["default, interpreted"].warm_p50_us > default.warm_p50_us
    assert default.max_abs_diff < 1e-6
    lines = variants.table(found.values()).splitlines()
    assert len(lines) == 2 + len(found)
    assert lines[2].startswith("| teacher, compiled | ")


@pytest.mark.parametrize("name", variants.RECIPES)
def test_every_recipe_gives_a_model(name: str, trained: ModelReport, rows: Dataset) -> None:
    teacher = xgboost.Booster(model_file=trained.folder / BOOSTER_FILE)
    small = rows.take(slice(0, 1_200))
    booster = variants.RECIPES[name](split_by_time(small), teacher, PARAMETERS)
    assert 0 < booster.num_boosted_rounds() <= 200
