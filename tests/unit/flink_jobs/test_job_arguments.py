from pathlib import Path

import pytest

from flink_jobs.routing import KINDS

main = pytest.importorskip("flink_jobs.main", reason="PyFlink is not installed")


def test_without_words_the_job_folds_everything_from_kafka() -> None:
    found = main.Arguments.parse([])
    assert (found.kinds, found.epoch, found.bounded) == (KINDS, 1, None)


def test_words_choose_kinds_epoch_and_files() -> None:
    found = main.Arguments.parse(["--kinds", "card,zone", "--epoch", "3", "--bounded", "/past"])
    assert (found.kinds, found.epoch, found.bounded) == (("card", "zone"), 3, Path("/past"))


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(SystemExit):
        main.Arguments.parse(["--kinds", "card,driver"])
