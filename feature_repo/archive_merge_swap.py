"""Merging where readers take whatever files they find, as Feast does.

A day's whole folder is made anew out of sight (merged files, and links to those that stay) and changes places
with the old one in one step of the file system. So a listing has the old files or the new ones, never both.
Who listed the old ones and opens one after that gets FileNotFoundError and no wrong answer; for this reason
an open day changes about once an hour.
"""

import ctypes
import errno
import logging
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from feature_repo.archive_file import ArchiveFile, sync
from feature_repo.archive_folder import ArchiveFolder, Shelf
from feature_repo.archive_merge import Outcome, Rule, merge, runs

log = logging.getLogger(__name__)
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2
_CANNOT = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM)


class MergeAndSwap:
    day_open = Rule(least_files=60, below_bytes=1024 * 1024)  # a file is a minute of a partition, or more

    def __init__(self) -> None:
        self._able = True

    def merge_in(self, folder: ArchiveFolder, shelf: Shelf, day: Path, rule: Rule) -> Outcome:
        files = folder.archived(shelf, day)
        if not self._able or not any(runs(files, rule)):
            return Outcome.TIDY
        fresh = folder.root / ".merging" / shelf.name / day.name
        shutil.rmtree(fresh, ignore_errors=True)
        try:
            _fill(fresh, day, list(runs(files, Rule(least_files=2, below_bytes=rule.below_bytes))))
            exchange(fresh, day)
        except OSError as problem:
            if problem.errno not in _CANNOT:
                raise
            log.warning("archive: files of snapshots stay as they are, this file system: %s", problem)
            self._able = False
            return Outcome.TIDY
        shutil.rmtree(fresh)
        return Outcome.MERGED


def _fill(fresh: Path, day: Path, found: Sequence[Sequence[ArchiveFile]]) -> None:
    for run in found:
        merge(run, into=fresh)
    parts = {part.path for run in found for part in run}
    for file in day.iterdir():
        if file not in parts:
            (fresh / file.name).hardlink_to(file)
    sync(fresh)


def exchange(one: Path, other: Path) -> None:
    """The two take each other's place at once; raises OSError."""
    library = ctypes.CDLL(None, use_errno=True)
    if not hasattr(library, "renameat2"):
        raise OSError(errno.ENOSYS, "renameat2 is missing")
    if library.renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(other))
    sync(one.parent)
    sync(other.parent)
