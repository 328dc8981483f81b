from argparse import ArgumentParser
from pathlib import Path

from deploy.bench import score
from deploy.bench.benchmark import Target
from deploy.embedded.home import Home
from scoring.train import ModelReport


def test_it_says_what_it_measured(trained: ModelReport, training_set: Path, tmp_path: Path) -> None:
    home = Home(root=tmp_path)
    home.training_set.parent.mkdir()
    home.training_set.symlink_to(training_set)
    home.model.symlink_to(trained.folder)
    parser = ArgumentParser()
    score.options(parser)
    target = Target(home=home, pid=0, urls={}, conninfo={})
    found = score.run(target, parser.parse_args(["--rows", "500"]), lambda _: None)
    assert found["model"] == trained.version
    assert found["rows"] == 500
    assert 0 < found["score_us_p50"] <= found["score_us_p99"] <= found["score_us_max"]
    assert found["explain_us_p50"] > found["score_us_p50"]
