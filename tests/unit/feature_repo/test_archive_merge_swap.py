"""Snapshots are merged in the folder that Feast reads, which takes whatever files it finds there."""

import errno
import os
from pathlib import Path
from typing import NoReturn

import pytest
from crashes import at_every_change
from feature_factories import NOON_MS, history_message
from pyarrow import dataset, parquet
from raw_factories import DAY_MS, a_message

from domain.display import MINUTE_MS
from domain.feature_message import encode_message
from feature_repo import archive_merge_swap
from feature_repo.archive_filing import Filing
from feature_repo.archive_folder import ArchiveFolder
from feature_repo.archive_merge import Merger
from feature_repo.archive_merge_swap import MergeAndSwap
from feature_repo.snapshots import Snapshots, WaitingSnapshots
from feature_repo.views import CARD

TOPIC = "features.card.v1"
TOMORROW_MS = NOON_MS + DAY_MS


def archive(root: Path, count: int, *, partition: int = 0) -> ArchiveFolder:
    """Each snapshot in a file of its own."""
    folder = ArchiveFolder(root)
    filing = Filing(Snapshots(), folder, lambda: TOMORROW_MS)
    waiting = WaitingSnapshots(TOPIC, partition, filing.settle(TOPIC, partition, 0, count))
    for version in range(folder.position(CARD, TOPIC, partition), count):
        told = history_message(f"card_{partition}", version, known_at_ms=NOON_MS + version * MINUTE_MS)
        waiting.add(a_message(version, encode_message(told)))
        filing.file([waiting])
    return folder


def merger(folder: ArchiveFolder, now_ms: int = TOMORROW_MS) -> Merger:
    return Merger(MergeAndSwap(), folder, [CARD], lambda: now_ms)


def blindly_read(folder: ArchiveFolder) -> list[tuple[str, int]]:
    rows = dataset.dataset(folder.of_view(CARD)).to_table(["card_id", "version"]).to_pylist()
    return sorted((row["card_id"], row["version"]) for row in rows)


def names(folder: ArchiveFolder) -> list[str]:
    return sorted(path.name for path in folder.root.rglob("*.parquet"))


def test_a_day_that_is_over_has_one_file_a_partition(tmp_path: Path) -> None:
    folder = archive(tmp_path, 5)
    archive(tmp_path, 3, partition=1)
    before = blindly_read(folder)
    assert merger(folder).step() is True
    assert names(folder) == [
        f"{TOPIC}-0-000000000000-000000000004.parquet",
        f"{TOPIC}-1-000000000000-000000000002.parquet",
    ]
    assert blindly_read(folder) == before
    assert merger(folder).step() is False


def test_an_open_day_changes_when_it_has_a_file_for_each_minute_of_an_hour(tmp_path: Path) -> None:
    least = MergeAndSwap.day_open.least_files
    folder = archive(tmp_path, least - 1)
    archive(tmp_path, 2, partition=1)
    assert merger(folder, NOON_MS).step() is False
    archive(tmp_path, least)
    assert merger(folder, NOON_MS).step() is True
    assert len(names(folder)) == 2
    assert len(blindly_read(folder)) == least + 2


def test_files_that_are_not_merged_stay(tmp_path: Path) -> None:
    folder = archive(tmp_path, 3)
    archive(tmp_path, 1, partition=1)
    (day,) = folder.days(CARD)
    (day / ".somebody-elses").write_text("kept")
    merger(folder).step()
    assert (day / ".somebody-elses").read_text() == "kept"
    assert len(blindly_read(folder)) == 4


def test_a_killed_swap_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    started, folder = iter(range(100)), ArchiveFolder(tmp_path)

    def begin() -> None:
        nonlocal folder
        folder = archive(tmp_path / str(next(started)), 4)
        archive(folder.root, 1, partition=1)

    for _ in at_every_change(lambda: merger(folder).step(), begin):
        assert len(blindly_read(folder)) == 5
        archive(folder.root, 6)
        while merger(folder).step():
            pass
        assert blindly_read(folder) == [*(("card_0", version) for version in range(6)), ("card_1", 0)]
        assert len(list(folder.of_view(CARD).rglob("*.parquet"))) == 2
    assert names(folder) == sorted(path.name for path in folder.of_view(CARD).rglob("*.parquet"))


def test_a_file_system_that_cannot_exchange_is_left_in_peace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(_one: Path, _other: Path) -> NoReturn:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    monkeypatch.setattr(archive_merge_swap, "exchange", refuse)
    folder = archive(tmp_path, 3)
    unable = merger(folder)
    assert (unable.step(), unable.step()) == (False, False)
    archive(tmp_path, 4)
    assert unable.step() is False
    assert len(blindly_read(folder)) == 4
    assert caplog.text.count("stay as they are") == 1


def test_a_full_disk_is_not_taken_for_such_a_file_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_one: Path, _other: Path) -> NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(archive_merge_swap, "exchange", refuse)
    with pytest.raises(OSError, match="No space left"):
        merger(archive(tmp_path, 3)).step()


def test_a_column_that_is_new_is_null_in_the_rows_of_before(tmp_path: Path) -> None:
    folder = archive(tmp_path, 3)
    oldest = min(folder.files(CARD, TOPIC, 0), key=lambda file: file.span.first).path
    parquet.write_table(parquet.ParquetFile(oldest).read().drop_columns("saturated"), oldest)
    assert merger(folder).step() is True
    (file,) = folder.of_view(CARD).rglob("*.parquet")
    assert parquet.ParquetFile(file).read()["saturated"].to_pylist() == [None, False, False]


def test_a_file_that_cannot_be_read_stops_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = archive(tmp_path, 3)
    next(iter(folder.files(CARD, TOPIC, 0))).path.write_bytes(b"not parquet at all")
    assert merger(folder).step() is False
    assert "is left as it is" in caplog.text
    assert len(names(folder)) == 3
