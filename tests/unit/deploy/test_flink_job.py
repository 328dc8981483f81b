"""Which checkpoint a job resumes from, and which are forgotten."""

import os
from pathlib import Path

from deploy.embedded.flink_job import forget_older, newest_checkpoint


def checkpoint(folder: Path, job: str, number: int, *, age_s: float, complete: bool = True) -> Path:
    made = folder / job / f"chk-{number}"
    made.mkdir(parents=True)
    if complete:
        (made / "_metadata").touch()
        os.utime(made / "_metadata", (1_000_000 - age_s, 1_000_000 - age_s))
    return made


def test_none_at_the_first_start(tmp_path: Path) -> None:
    assert newest_checkpoint(tmp_path) is None


def test_the_newest_complete_one_of_any_job(tmp_path: Path) -> None:
    checkpoint(tmp_path, "old", 99, age_s=50)
    newest = checkpoint(tmp_path, "new", 3, age_s=10)
    checkpoint(tmp_path, "new", 4, age_s=0, complete=False)
    assert newest_checkpoint(tmp_path) == newest


def test_earlier_submissions_are_forgotten(tmp_path: Path) -> None:
    checkpoint(tmp_path, "old", 1, age_s=9)
    kept = checkpoint(tmp_path, "new", 1, age_s=1)
    forget_older(tmp_path, "new")
    assert [folder.name for folder in tmp_path.iterdir()] == ["new"]
    assert kept.exists()
