"""Heads are appended and never lost, whatever state the file is in."""

import os
import stat
from pathlib import Path

import pytest

from app.keeper.__main__ import heads_file
from app.keeper.heads import TAIL_BYTES, Head, HeadsFile, head_line
from app.keeper.seal import Position, seal_of
from domain.errors import SettingMissing


@pytest.fixture
def heads(tmp_path: Path) -> HeadsFile:
    return HeadsFile(tmp_path / "heads.jsonl")


def a_head(number: int) -> Head:
    return Head(number=number, format=1, rows=1, to_xact=9, to_id="", sealed_at_ms=1, head=f"{number:064x}")


def told(heads: HeadsFile) -> list[Head | None]:
    return [head for _, head in heads.lines()]


def test_no_file_is_no_heads(heads: HeadsFile) -> None:
    assert heads.newest() is None
    assert list(heads.lines()) == []
    assert not heads.mend()


def test_heads_come_back_in_their_order(heads: HeadsFile) -> None:
    for number in (1, 2, 3):
        heads.append(a_head(number))
    assert told(heads) == [a_head(1), a_head(2), a_head(3)]
    assert heads.newest() == a_head(3)
    assert heads.after(1) == [a_head(2), a_head(3)]
    assert stat.S_IMODE(heads.path.stat().st_mode) == 0o600


def test_a_line_is_on_disk_when_append_returns(heads: HeadsFile, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    monkeypatch.setattr(
        "app.keeper.heads.os.fsync", lambda fd: synced.append(Path(f"/proc/self/fd/{fd}").readlink().name)
    )
    heads.append(a_head(1))
    heads.append(a_head(2))
    assert synced == ["heads.jsonl", heads.path.parent.name, "heads.jsonl"]


def test_half_a_line_is_taken_back(heads: HeadsFile, monkeypatch: pytest.MonkeyPatch) -> None:
    heads.append(a_head(1))
    real = os.write
    monkeypatch.setattr("app.keeper.heads.os.write", lambda fd, line: real(fd, line[:10]))
    with pytest.raises(OSError, match="disk full"):
        heads.append(a_head(2))
    assert told(heads) == [a_head(1)]
    assert not heads.mend()


def test_a_torn_end_is_mended_and_read_over(heads: HeadsFile) -> None:
    heads.append(a_head(1))
    with heads.path.open("ab") as file:
        file.write(b'{"number":2,')
    assert told(heads) == [a_head(1)]
    assert heads.mend()
    heads.append(a_head(2))
    assert heads.newest() == a_head(2)


@pytest.mark.parametrize("line", [b"{}", b"[]", b"\xff", b'{"number":"1"}', b"x" * 10_000])
def test_a_line_that_is_no_head_is_none(heads: HeadsFile, line: bytes) -> None:
    heads.path.write_bytes(line + b"\n")
    assert None in told(heads)
    assert heads.newest() is None
    heads.append(a_head(1))
    assert heads.newest() == a_head(1)


def test_the_newest_of_a_long_file_is_found_at_its_end(heads: HeadsFile) -> None:
    line = b'{"number":1,"format":1,"rows":1,"to_xact":9,"to_id":"","sealed_at_ms":1,"head":"a"}\n'
    heads.path.write_bytes(line * (2 * TAIL_BYTES // len(line)))
    heads.append(a_head(5))
    assert heads.newest() == a_head(5)


def test_reading_goes_on_where_it_ended(heads: HeadsFile) -> None:
    heads.append(a_head(1))
    [(read, _)] = heads.lines()
    heads.append(a_head(2))
    assert [head for _, head in heads.lines(read)] == [a_head(2)]


def test_a_head_says_where_its_seal_ends() -> None:
    seal = seal_of([], after=None, end=Position(9, "labels/lab_a"), sealed_at_ms=1)
    head = head_line(seal)
    assert (head.end, head.head) == (Position(9, "labels/lab_a"), seal.head.hex())


def test_the_folder_is_made_for_its_user_only(tmp_path: Path) -> None:
    made = heads_file({"FAREGATE_STATE_DIR": str(tmp_path / "state")})
    assert stat.S_IMODE(made.path.parent.stat().st_mode) == 0o700


def test_a_keeper_needs_a_folder() -> None:
    with pytest.raises(SettingMissing, match="FAREGATE_STATE_DIR"):
        heads_file({})
