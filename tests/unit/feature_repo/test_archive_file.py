from pathlib import Path

import pytest

from feature_repo.archive_file import ArchiveFile, Span, current, put

DAY = Path("day=2026-09-21")


def file(first: int, last: int, *, day: Path = DAY, partition: int = 0) -> ArchiveFile:
    span = Span(topic="payments.labels.v1", partition=partition, first=first, last=last)
    return ArchiveFile(path=day / span.file_name, span=span)


def spans(files: list[ArchiveFile]) -> list[tuple[int, int]]:
    return [(file.span.first, file.span.last) for file in files]


@pytest.mark.parametrize("topic", ["rides.events.v1", "with-dash-7.v1"])
def test_a_name_says_what_the_file_holds(topic: str) -> None:
    span = Span(topic=topic, partition=11, first=3, last=1_234_567_890_123)
    assert Span.of_name(span.file_name) == span


@pytest.mark.parametrize("name", ["part-0.parquet", ".rides-0-1-2.parquet.part", "rides-0-1-2.parquet.tmp"])
def test_other_names_say_nothing(name: str) -> None:
    assert Span.of_name(name) is None


def test_a_file_knows_its_day() -> None:
    assert file(0, 1).day == "2026-09-21"


def test_files_come_by_offset_without_those_that_were_merged() -> None:
    found = [file(20, 29), file(10, 19), file(0, 9), file(0, 19), file(30, 30)]
    assert spans(current(found)) == [(0, 19), (20, 29), (30, 30)]


def test_a_merge_of_merged_files_stands_for_all_of_them() -> None:
    found = [file(0, 9), file(10, 19), file(0, 19), file(20, 29), file(0, 29), file(30, 39)]
    assert spans(current(found)) == [(0, 29), (30, 39)]


def test_a_file_stands_only_for_its_own_day_and_partition() -> None:
    found = [file(0, 29), file(0, 9, day=Path("day=2026-09-22")), file(0, 9, partition=1)]
    assert len(current(found)) == 3


def test_a_write_that_fails_leaves_no_file(tmp_path: Path) -> None:
    def fail(part: Path) -> None:
        part.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        put(tmp_path / "a.parquet", fail)
    assert not (tmp_path / "a.parquet").exists()


def test_the_second_write_replaces_the_first(tmp_path: Path) -> None:
    for text in ("first", "second"):
        put(tmp_path / "sub" / "a.txt", lambda part, text=text: part.write_text(text))
    assert [path.read_text() for path in (tmp_path / "sub").iterdir()] == ["second"]
