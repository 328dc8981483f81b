from pathlib import Path

import pytest
from crashes import at_every_change
from event_factories import a_login
from pyarrow import parquet
from raw_factories import DAY_MS, NOON_MS, TOPIC, Archiving, StoredMessage, a_message

from domain.topics import RIDES
from feature_repo import archive_merge
from feature_repo.archive_file import ArchiveFile, Span
from feature_repo.archive_merge import DAY_OVER, Rule, runs
from feature_repo.archive_merge_beside import MergeBeside

TOMORROW_MS = NOON_MS + DAY_MS
DAY_OPEN = MergeBeside.day_open
FEW = Rule(least_files=3, below_bytes=100)


def messages(count: int) -> list[StoredMessage]:
    return [a_message(n, a_login(at_ms=NOON_MS + n)) for n in range(count)]


def files(folder: Path, *sizes: int, partition: int = 0) -> list[ArchiveFile]:
    made = []
    for number, size in enumerate(sizes):
        span = Span(topic=TOPIC, partition=partition, first=number, last=number)
        path = folder / span.file_name
        path.write_bytes(bytes(size))
        made.append(ArchiveFile(path=path, span=span))
    return made


def firsts(found: list[list[ArchiveFile]]) -> list[list[int]]:
    return [[file.span.first for file in run] for run in found]


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ((9, 9), []),
        ((9, 9, 9), [[0, 1, 2]]),
        ((9, 9, 100, 9, 9, 9, 9), [[3, 4, 5, 6]]),
        ((9, 9, 9, 500, 9, 9, 9), [[0, 1, 2], [4, 5, 6]]),
    ],
)
def test_small_neighbours_are_worth_a_merge(
    tmp_path: Path, sizes: tuple[int, ...], expected: list[list[int]]
) -> None:
    assert firsts(list(runs(files(tmp_path, *sizes), FEW))) == expected


def test_a_merged_file_does_not_outgrow_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_merge, "LARGE_BYTES", 40)
    found = list(runs(files(tmp_path, *[10] * 8), FEW))
    assert firsts(found) == [[0, 1, 2, 3], [4, 5, 6, 7]]


def test_partitions_are_not_mixed(tmp_path: Path) -> None:
    mixed = files(tmp_path, 9, 9) + files(tmp_path, 9, 9, partition=1)
    assert list(runs(mixed, FEW)) == []


def test_a_day_that_is_over_becomes_one_file(tmp_path: Path) -> None:
    archiving = Archiving(tmp_path)
    archiving.take(messages(10), at_once=2)
    archiving.now_ms = TOMORROW_MS
    before = list(archiving.archive.records())
    assert archiving.merger.step() is True
    assert archiving.names() == [f"{TOPIC}-0-000000000000-000000000009.parquet"]
    assert list(archiving.archive.records()) == before
    assert archiving.merger.step() is False


def test_an_open_day_is_merged_when_it_has_many_files(tmp_path: Path) -> None:
    archiving = Archiving(tmp_path)
    archiving.take(messages(DAY_OPEN.least_files - 1), at_once=1)
    assert archiving.merger.step() is False
    archiving.take(messages(DAY_OPEN.least_files), at_once=1)
    assert archiving.merger.step() is True
    assert len(archiving.names()) == 1
    assert archiving.offsets() == list(range(DAY_OPEN.least_files))


def test_a_day_left_as_it_is_is_looked_at_again_when_it_is_over(tmp_path: Path) -> None:
    archiving = Archiving(tmp_path)
    archiving.take(messages(4), at_once=2)
    assert archiving.merger.step() is False
    archiving.now_ms = TOMORROW_MS
    assert archiving.merger.step() is True


def test_records_that_come_late_into_a_merged_day_are_merged_too(tmp_path: Path) -> None:
    archiving = Archiving(tmp_path, now_ms=TOMORROW_MS)
    archiving.take(messages(4), at_once=2)
    archiving.merger.step()
    archiving.take(messages(6))
    assert archiving.merger.step() is True
    assert archiving.names() == [f"{TOPIC}-0-000000000000-000000000005.parquet"]


def test_files_past_the_position_are_not_touched(tmp_path: Path) -> None:
    archiving = Archiving(tmp_path, now_ms=TOMORROW_MS)
    archiving.take(messages(4), at_once=2)
    archiving.folder.set_position(RIDES, TOPIC, 0, 2)
    assert archiving.merger.step() is False
    assert len(archiving.names()) == 2


def test_a_reader_sees_the_same_before_amid_and_after(tmp_path: Path) -> None:
    archiving = Archiving(tmp_path, now_ms=TOMORROW_MS)
    archiving.take(messages(10), at_once=2)
    reading = archiving.archive.records()
    seen = [next(reading).offset]
    assert archiving.merger.step() is True
    assert len(archiving.names()) == 6, "the parts stay while somebody reads"
    assert archiving.offsets() == list(range(10))
    seen += [record.offset for record in reading]
    assert seen == list(range(10))
    assert archiving.merger.step() is False
    assert len(archiving.names()) == 1


def test_a_killed_merge_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    started, root = iter(range(100)), tmp_path

    def begin() -> None:
        nonlocal root
        root = tmp_path / str(next(started))
        Archiving(root).take(messages(6), at_once=2)

    def work() -> None:
        Archiving(root, now_ms=TOMORROW_MS).merger.step()

    for _ in at_every_change(work, begin):
        again = Archiving(root, now_ms=TOMORROW_MS)
        assert again.offsets() == list(range(6))
        again.take(messages(8))
        while again.merger.step():
            pass
        assert again.offsets() == list(range(8))
        assert again.names() == [f"{TOPIC}-0-000000000000-000000000007.parquet"]
        assert not list(again.folder.root.rglob("*.part"))


def test_small_row_groups_become_large_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_merge, "ROW_GROUP_ROWS", 4)
    archiving = Archiving(tmp_path, now_ms=TOMORROW_MS)
    archiving.take(messages(9), at_once=1)
    archiving.merger.step()
    (path,) = archiving.folder.root.rglob("*.parquet")
    groups = parquet.read_metadata(path)
    assert [groups.row_group(n).num_rows for n in range(groups.num_row_groups)] == [4, 4, 1]


def test_a_day_that_is_over_takes_fewer_and_larger_files_than_an_open_one() -> None:
    assert DAY_OVER.least_files < DAY_OPEN.least_files
    assert DAY_OVER.below_bytes > DAY_OPEN.below_bytes
