from pathlib import Path

import pytest

from feature_repo.archive_folder import ArchiveFolder, Span
from feature_repo.views import CARD

TOPIC = "features.card.v1"
DAY = "2026-09-21"


@pytest.fixture
def folder(tmp_path: Path) -> ArchiveFolder:
    return ArchiveFolder(tmp_path)


def add(folder: ArchiveFolder, first: int, last: int, *, partition: int = 0) -> None:
    span = Span(topic=TOPIC, partition=partition, first=first, last=last)
    folder.add(CARD, DAY, span, lambda part: part.write_text("rows"))


def names(folder: ArchiveFolder) -> list[str]:
    return sorted(file.name for file in folder.of_view(CARD).rglob("*.parquet"))


def test_a_file_is_named_by_what_it_holds(folder: ArchiveFolder) -> None:
    add(folder, 3, 17)
    file = folder.of_view(CARD) / f"day={DAY}" / f"{TOPIC}-0-000000000003-000000000017.parquet"
    assert file.read_text() == "rows"


def test_the_position_starts_at_nothing_and_is_kept(folder: ArchiveFolder) -> None:
    assert folder.position(CARD, TOPIC, 0) == 0
    folder.set_position(CARD, TOPIC, 0, 18)
    assert folder.position(CARD, TOPIC, 0) == 18
    assert folder.position(CARD, TOPIC, 1) == 0


def test_files_past_the_position_are_left_by_a_crash_and_removed(folder: ArchiveFolder) -> None:
    add(folder, 0, 9)
    folder.set_position(CARD, TOPIC, 0, 10)
    add(folder, 10, 19)
    add(folder, 10, 19, partition=1)
    assert folder.remove_leftovers(CARD, TOPIC, 0) == 1
    assert names(folder) == [
        f"{TOPIC}-0-000000000000-000000000009.parquet",
        f"{TOPIC}-1-000000000010-000000000019.parquet",
    ]


def test_a_write_that_fails_leaves_no_file(folder: ArchiveFolder) -> None:
    def fail(part: Path) -> None:
        part.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        folder.add(CARD, DAY, Span(topic=TOPIC, partition=0, first=0, last=1), fail)
    assert names(folder) == []


def test_files_of_messages_that_the_topic_lost_are_set_aside(folder: ArchiveFolder) -> None:
    add(folder, 0, 9)
    add(folder, 10, 19)
    folder.set_position(CARD, TOPIC, 0, 20)
    assert folder.set_aside(CARD, TOPIC, 0, 15) == 1
    assert folder.position(CARD, TOPIC, 0) == 15
    assert names(folder) == [f"{TOPIC}-0-000000000000-000000000009.parquet"]
    aside = folder.root / "set-aside" / CARD.name / f"day={DAY}"
    assert [file.name for file in aside.iterdir()] == [f"{TOPIC}-0-000000000010-000000000019.parquet"]
