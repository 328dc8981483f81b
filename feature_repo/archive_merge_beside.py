"""Merging where readers know of merged files.

The merged file takes its place beside its parts, which go afterwards; until then whoever reads leaves them
out by `archive_file.current`. A crash at any moment loses nothing and doubles nothing.
"""

from pathlib import Path

from feature_repo.archive_folder import ArchiveFolder, Shelf
from feature_repo.archive_merge import Outcome, Rule, merge, runs


class MergeBeside:
    day_open = Rule(least_files=16, below_bytes=1024 * 1024)

    def merge_in(self, folder: ArchiveFolder, shelf: Shelf, day: Path, rule: Rule) -> Outcome:
        run = next(runs(folder.archived(shelf, day), rule), None)
        if run:
            merge(run, into=day)
        alone = folder.remove_merged(shelf, folder.archived(shelf, day))
        if run:
            return Outcome.MERGED
        return Outcome.TIDY if alone else Outcome.LATER
