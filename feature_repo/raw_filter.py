"""Which records of a raw file are wanted; bodies are read only where there is one."""

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from feature_repo.archive_file import ArchiveFile
from feature_repo.archive_subject import day_name
from feature_repo.raw_table import ENTITY_COLUMNS, RECORD_COLUMNS

Entities = Mapping[str, Set[str]]
_TIME, _TYPE = "record_time", "type"


@dataclass(frozen=True, kw_only=True)
class RawFilter:
    """`entities` names ids by column: a record that has any of them is wanted. None means all.

    `types` are those of events, `first_offset` is the first one that is wanted.
    """

    from_ms: int | None = None
    until_ms: int | None = None
    entities: Entities | None = None
    types: Set[str] | None = None
    first_offset: int = 0

    def __post_init__(self) -> None:
        if unknown := set(self.entities or ()) - set(ENTITY_COLUMNS):
            raise ValueError(f"records are not found by {', '.join(sorted(unknown))}")

    def wants_file(self, file: ArchiveFile) -> bool:
        begins = self.from_ms is None or file.day >= day_name(self.from_ms)
        ends = self.until_ms is None or file.day <= day_name(self.until_ms)
        return begins and ends and self.first_offset <= file.span.last

    def tables(self, file: Path) -> Iterator[Any]:
        """What is wanted of the file, in its order, with RECORD_COLUMNS."""
        with parquet.ParquetFile(file) as source:
            for group in range(source.num_row_groups):
                if (wanted := self._wanted(source, group)) is None:
                    yield source.read_row_group(group, RECORD_COLUMNS)
                elif pc.any(wanted).as_py():
                    yield source.read_row_group(group, RECORD_COLUMNS).filter(wanted)

    def _wanted(self, source: Any, group: int) -> Any:
        """A flag for each row, or None for all of them."""
        needed = [] if self.from_ms is None and self.until_ms is None else [_TIME]
        needed += list(self.entities or ())
        needed += [] if self.types is None else [_TYPE]
        if not needed and self.entities is None and not self.first_offset:
            return None
        columns = source.read_row_group(group, [*needed, "offset"])
        return reduce(pc.and_, self._conditions(columns))

    def _conditions(self, columns: Any) -> Iterator[Any]:
        if self.from_ms is not None:
            yield pc.greater_equal(columns[_TIME], _time(self.from_ms))
        if self.until_ms is not None:
            yield pc.less(columns[_TIME], _time(self.until_ms))
        if self.first_offset:
            yield pc.greater_equal(columns["offset"], self.first_offset)
        if self.types is not None:
            yield pc.is_in(columns[_TYPE], value_set=pa.array(sorted(self.types), pa.string()))
        if self.entities is not None:
            nobody = pc.is_null(columns["offset"])
            found = (
                pc.is_in(columns[name], value_set=pa.array(ids, pa.string()))
                for name, ids in self.entities.items()
            )
            yield reduce(pc.or_, found, nobody)


def _time(time_ms: int) -> Any:
    return pa.scalar(time_ms, pa.timestamp("ms", tz="UTC"))
