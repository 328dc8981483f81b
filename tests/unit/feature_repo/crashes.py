"""A process that dies between two changes of the disk, at each of them in turn."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from feature_repo import archive_merge_swap

CHANGES: tuple[tuple[object, str], ...] = (
    (Path, "replace"),
    (Path, "unlink"),
    (Path, "hardlink_to"),
    (shutil, "rmtree"),
    (archive_merge_swap, "exchange"),
)


class Killed(BaseException):
    pass


def at_every_change(work: Callable[[], object], begin: Callable[[], object]) -> Iterator[int]:
    """After each `begin`, `work` is killed before its first change, its second, …, until it comes through."""
    changes = 0
    while True:
        begin()
        try:
            with pytest.MonkeyPatch.context() as patch:
                _kill_before(changes, patch)
                work()
        except Killed:
            yield changes
            changes += 1
        else:
            assert changes, "the work changed nothing"
            return


def _kill_before(change: int, patch: pytest.MonkeyPatch) -> None:
    left = iter(range(change))

    def counted(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            if next(left, None) is None:
                raise Killed
            return original(*args, **kwargs)

        return call

    for owner, name in CHANGES:
        patch.setattr(owner, name, counted(getattr(owner, name)))
