"""Seals the ledger's rows batch by batch; the decision path never waits for it."""

import logging
from collections.abc import Callable

import psycopg
from msgspec import structs

from app.keeper.heads import Head, HeadsFile, head_line
from app.keeper.ledger_rows import FORMATS, last_seal, next_rows, query, settled_xact
from app.keeper.seal import FORMAT, Position, Seal, seal_of
from domain.errors import FaregateError

MOST_ROWS = 5_000  # of a seal
log = logging.getLogger("faregate.keeper")


class LedgerSetBack(FaregateError):
    """The database's transaction ids lie behind what was sealed."""

    def __init__(self, settled: int, sealed: int) -> None:
        super().__init__(
            f"the ledger is sealed up to transaction {sealed}, but this database stands at {settled}: it was "
            "restored from a dump into another cluster, where transactions are counted anew. Nothing is "
            "sealed here. Restore a physical backup instead, which keeps the count (docs/ledger.md)."
        )


class Sealer:
    """Writes each seal to the database first and then its head to the file, and heals what a crash left
    between the two. Methods raise psycopg.Error and OSError; then `heal` must come before the next turn."""

    def __init__(self, connection: psycopg.Connection, heads: HeadsFile, now_ms: Callable[[], int]) -> None:
        self._connection = connection
        self._heads = heads
        self._now_ms = now_ms
        self._last: Seal | None = None

    def heal(self) -> None:
        """Bring database and file to the same seal, or say why that cannot be."""
        if self._heads.mend():
            log.warning("%s ended within a line, which was cut off", self._heads.path)
        self._last = last_seal(self._connection)
        newest = self._heads.newest()
        in_file, in_database = newest.number if newest else 0, self._last.number if self._last else 0
        if in_file > in_database:
            self._seal_again(in_database)
        elif self._last is not None:
            self._write_missing_head(self._last, newest)

    def turn(self) -> int:
        """Seal what is settled, at most MOST_ROWS; says how many rows. Raises LedgerSetBack."""
        settled = settled_xact(self._connection)
        after = self._end()
        if settled < after.xact:
            raise LedgerSetBack(settled, after.xact)
        rows = next_rows(self._connection, after, settled, MOST_ROWS + 1, FORMAT)
        if not rows:
            return 0
        more = len(rows) > MOST_ROWS
        rows = rows[:MOST_ROWS]
        end = rows[-1].position if more else Position(settled)
        seal = seal_of(rows, after=self._last, end=end, sealed_at_ms=self._now_ms(), format_=FORMAT)
        self._insert(seal)
        self._heads.append(head_line(seal))
        return len(rows)

    @property
    def number(self) -> int:
        return self._last.number if self._last else 0

    def _end(self) -> Position:
        return self._last.end if self._last else Position(0)

    def _insert(self, seal: Seal) -> None:
        self._connection.execute(query("insert_seal"), structs.asdict(seal))
        self._last = seal

    def _write_missing_head(self, last: Seal, newest: Head | None) -> None:
        named = bytes.fromhex(newest.head) if newest else bytes(len(last.previous))
        number = newest.number if newest else 0
        if number == last.number:
            if named != last.head:
                log.error("seal %d differs from %s: run `faregate audit verify`", number, self._heads.path)
        elif number == last.number - 1 and named == last.previous and last.is_intact():
            self._heads.append(head_line(last))
            log.warning("wrote the head of seal %d, which a crash had left out", last.number)
        else:
            log.error(
                "%s ends with seal %d, the database with %d: lines were cut off. Put the file back from a "
                "copy and run `faregate audit verify`.",
                self._heads.path,
                number,
                last.number,
            )

    def _seal_again(self, number: int) -> None:
        """What the file tells of and the database lacks is made from the rows, if they still give it."""
        for head in self._heads.after(number):
            seal = self._made_again(head)
            if seal is None:
                log.error(
                    "%s names seal %d, which the database lacks and its rows do not give: seals or rows were "
                    "removed, or a backup was restored. Run `faregate audit verify`.",
                    self._heads.path,
                    head.number,
                )
                return
            self._insert(seal)
            log.warning("made seal %d again, which the database lacked", seal.number)

    def _made_again(self, head: Head) -> Seal | None:
        if head.number != self.number + 1 or head.format not in FORMATS:
            return None
        found = next_rows(self._connection, self._end(), head.to_xact + 1, MOST_ROWS + 1, head.format)
        rows = [row for row in found if row.position <= head.end]
        seal = seal_of(
            rows, after=self._last, end=head.end, sealed_at_ms=head.sealed_at_ms, format_=head.format
        )
        return seal if seal.head.hex() == head.head else None
