"""Records of the source topics as files that a bounded run reads, and the histories that it leaves."""

from base64 import b64encode
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from msgspec import Struct, json

from domain.raw_record import RawRecord


class Told(Struct, frozen=True):
    """One message of the run; bytes stand in base64."""

    topic: str
    record_key: str
    body: bytes


_told = json.Decoder(Told)


def file_records(records: Iterable[RawRecord], folder: Path) -> int:
    """Writes `folder`/in, a file a partition; returns how many. A partition's records must come in order."""
    (folder / "in").mkdir(parents=True)
    files: dict[tuple[str, int], IO[bytes]] = {}
    count = 0
    try:
        for record in records:
            place = (record.topic, record.partition)
            if place not in files:
                files[place] = (folder / "in" / f"{record.topic}-{record.partition}.json").open("wb")
            files[place].write(json.encode(_line(record)) + b"\n")
            count += 1
    finally:
        for file in files.values():
            file.close()
    return count


def _line(record: RawRecord) -> dict[str, str | int | None]:
    return {
        "body": None if record.body is None else b64encode(record.body).decode(),
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "record_time_ms": record.record_time_ms,
    }


def told_records(folder: Path) -> Iterator[Told]:
    """What the finished run left in `folder`/out, in no order; unfinished files begin with a dot."""
    for file in (folder / "out").rglob("[!.]*"):
        if file.is_file():
            yield from map(_told.decode, file.read_bytes().splitlines())
