from pathlib import Path

import pytest
from crashes import at_every_change

from feature_repo.archive_folder import ArchiveFolder, Span
from feature_repo.views import CARD

TOPIC = "features.card.v1"
DAY = "2026-09-21"


@pytest.fixture
def folder(tmp_path: Path) -> ArchiveFolder:
    return ArchiveFolder(tmp_path)


def add(folder: ArchiveFolder, first: int, last: int, *, partition: int = 0, day: str = DAY) -> None:
    span = Span(topic=TOPIC, partition=partition, first=first, last=last)
    folder.add(CARD, day, span, lambda part: part.write_text("rows"))


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


def test_what_was_half_written_at_a_crash_is_removed(folder: ArchiveFolder) -> None:
    add(folder, 0, 9)
    folder.set_position(CARD, TOPIC, 0, 10)
    half_written = folder.of_view(CARD) / f"day={DAY}" / f".{TOPIC}-0-10-19.parquet.part"
    half_written.touch()
    folder.remove_leftovers(CARD, TOPIC, 0)
    assert not half_written.exists()
    assert len(names(folder)) == 1


def test_files_of_messages_that_the_topic_lost_are_set_aside(folder: ArchiveFolder) -> None:
    add(folder, 0, 9)
    add(folder, 10, 19)
    folder.set_position(CARD, TOPIC, 0, 20)
    assert folder.set_aside(CARD, TOPIC, 0, 10) == 1
    assert folder.position(CARD, TOPIC, 0) == 10
    assert names(folder) == [f"{TOPIC}-0-000000000000-000000000009.parquet"]
    aside = folder.root / "set-aside" / CARD.name / f"day={DAY}"
    assert [file.name for file in aside.iterdir()] == [f"{TOPIC}-0-000000000010-000000000019.parquet"]


def test_what_the_topic_still_has_of_a_file_set_aside_is_read_again(folder: ArchiveFolder) -> None:
    add(folder, 0, 9)
    add(folder, 10, 19)
    folder.set_position(CARD, TOPIC, 0, 20)
    assert folder.set_aside(CARD, TOPIC, 0, 15) == 1
    assert folder.position(CARD, TOPIC, 0) == 10


def test_files_of_other_days_that_would_be_written_again_are_set_aside_too(folder: ArchiveFolder) -> None:
    add(folder, 0, 9)
    add(folder, 10, 39)
    add(folder, 5, 19, day="2026-09-22")
    folder.set_position(CARD, TOPIC, 0, 40)
    assert folder.set_aside(CARD, TOPIC, 0, 30) == 3
    assert folder.position(CARD, TOPIC, 0) == 0


def test_a_crash_while_setting_aside_does_no_harm(tmp_path: Path) -> None:
    folders = iter(ArchiveFolder(tmp_path / str(number)) for number in range(100))
    folder = next(folders)

    def begin() -> None:
        nonlocal folder
        folder = next(folders)
        for first in (0, 10, 20):
            add(folder, first, first + 9)
        folder.set_position(CARD, TOPIC, 0, 30)

    for _ in at_every_change(lambda: folder.set_aside(CARD, TOPIC, 0, 15), begin):
        folder.remove_leftovers(CARD, TOPIC, 0)
        if folder.position(CARD, TOPIC, 0) > 15:
            folder.set_aside(CARD, TOPIC, 0, 15)
        assert folder.position(CARD, TOPIC, 0) == 10
        assert names(folder) == [f"{TOPIC}-0-000000000000-000000000009.parquet"]
        assert len(list((folder.root / "set-aside").rglob("*.parquet"))) == 2


def test_merged_files_stay_while_somebody_reads(folder: ArchiveFolder) -> None:
    for first, last in ((0, 9), (10, 19), (0, 19)):
        add(folder, first, last)
    files = folder.files(CARD, TOPIC, 0)
    with folder.reading(CARD), folder.reading(CARD):
        assert folder.remove_merged(CARD, files) is False
        assert len(names(folder)) == 3
    assert folder.remove_merged(CARD, files) is True
    assert names(folder) == [f"{TOPIC}-0-000000000000-000000000019.parquet"]


def test_a_day_has_the_files_up_to_the_positions(folder: ArchiveFolder) -> None:
    add(folder, 0, 9)
    add(folder, 10, 19)
    add(folder, 0, 4, partition=1)
    folder.set_position(CARD, TOPIC, 0, 10)
    (day,) = folder.days(CARD)
    assert [file.span.last for file in folder.archived(CARD, day)] == [9]
