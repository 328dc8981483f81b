"""`python -m feature_repo.apply`: what `feast apply` does, and nothing when nothing has changed."""

import asyncio
import hashlib
import os
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from domain.errors import FaregateError
from domain.settings import required
from feature_repo import archive_table
from feature_repo.archive_folder import ArchiveFolder, Span
from feature_repo.views import VIEWS

HERE = Path(__file__).parent
DEFINED_IN = (HERE / "definitions.py", HERE / "feature_store.yaml")
FIRST_DAY = "1970-01-01"


def apply(home: Path) -> bool:
    """Bring Feast's registry under `home` in line with definitions.py; False when it was already.

    Importing Feast takes four seconds, so the registry remembers what it was made from.
    """
    _make_empty_sources(ArchiveFolder(home / "archive"))
    registry, mark = home / "feast" / "registry.db", home / "feast" / "applied"
    wanted = fingerprint(home)
    if registry.exists() and mark.exists() and mark.read_text() == wanted:
        return False
    registry.parent.mkdir(parents=True, exist_ok=True)
    _apply_with_feast()
    mark.write_text(wanted)
    return True


def fingerprint(home: Path) -> str:
    """Changes when a definition, a field of ours or the folder does."""
    told = [home.absolute().as_posix(), *(path.read_text() for path in DEFINED_IN)]
    told += [repr((view.name, view.join_key, view.description, view.columns)) for view in VIEWS]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def _make_empty_sources(folder: ArchiveFolder) -> None:
    """Feast wants each source to be there before its first snapshot; a file without rows has the columns."""
    for view in VIEWS:
        span = Span(topic="none", partition=0, first=0, last=0)
        folder.add(view, FIRST_DAY, span, partial(archive_table.write, view, [], 0))


def _apply_with_feast() -> None:
    from feast import Entity, FeatureStore, FeatureView
    from feast.repo_contents import RepoContents
    from feast.repo_operations import extract_objects_for_apply_delete

    from feature_repo import definitions as defined

    views = [value for value in vars(defined).values() if isinstance(value, FeatureView)]
    contents = RepoContents(
        projects=[defined.faregate],
        data_sources=[
            source for view in views for source in (view.stream_source, view.batch_source) if source
        ],
        feature_views=views,
        on_demand_feature_views=[],
        stream_feature_views=[],
        label_views=[],
        entities=[value for value in vars(defined).values() if isinstance(value, Entity)],
        feature_services=[defined.transaction_scoring_v1],
        permissions=[],
    )
    store = FeatureStore(repo_path=str(HERE))
    wanted, unwanted, _, _ = extract_objects_for_apply_delete(store.project, store.registry, contents)
    try:
        store.apply(wanted, objects_to_delete=unwanted, partial=False)
    finally:
        asyncio.run(store.close())


def main(env: Mapping[str, str]) -> int:
    try:
        home = Path(required(env, "FAREGATE_HOME", "which folder holds the archive of feature values"))
        changed = apply(home)
    except FaregateError as problem:
        print(f"feast apply: {problem}", file=sys.stderr)  # noqa: T201 - the command's answer
        return 1
    print("feast apply: done" if changed else "feast apply: nothing to change", file=sys.stderr)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(os.environ))
