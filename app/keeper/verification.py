"""Recomputes every seal from the ledger's rows, and tells what differs and where."""

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice

import psycopg
from msgspec import Struct
from psycopg.rows import class_row

from app.keeper.chain import ChainCheck, HeadsCheck
from app.keeper.findings import Finding, Findings
from app.keeper.heads import HeadsFile
from app.keeper.ledger_rows import FORMATS, RowStream, query, settled_xact
from app.keeper.seal import LedgerRow, Position, Seal

Progress = Callable[[int, int], None]  # seals and rows so far
MOST_ASKED = 10_000  # of removed and added rows, to find those that only moved


class Verified(Struct, frozen=True, kw_only=True):
    """`unsealed` rows wait for a seal; `findings` are the first, `found` counts all of them by kind."""

    seals: int
    rows: int
    unsealed: int
    number: int
    head: str | None
    findings: list[Finding]
    found: dict[str, int]


def verify(
    connection: psycopg.Connection, heads: HeadsFile, on_progress: Progress = lambda *_: None
) -> Verified:
    """All of it as it stands at one moment; `connection` as a role that may read the ledger."""
    verification = _Verification(connection, heads, on_progress)
    with connection.transaction():
        connection.execute(query("at_one_moment"))
        verification.run()
    return verification.result()


class _Verification:
    def __init__(self, connection: psycopg.Connection, heads: HeadsFile, on_progress: Progress) -> None:
        self._connection = connection
        self._findings = Findings()
        self._rows = RowStream(connection)
        self._chain = ChainCheck(self._findings)
        self._heads = HeadsCheck(heads, self._findings)
        self._on_progress = on_progress
        self._removed: dict[str, int] = {}  # by the seal that names them
        self._added: dict[str, int] = {}
        self._seals = self._sealed = self._unsealed = 0
        self._last: Seal | None = None

    def run(self) -> None:
        for seal in self._all_seals():
            gone = self._chain.follow(self._last, seal)
            self._heads.compare(seal)
            self._compare_rows(self._last, seal, gone=gone)
            self._last = seal
            self._seals += 1
            self._on_progress(self._seals, self._sealed)
        self._rows.close()
        self._tell_moves()
        self._tell_set_back(self._last)
        self._unsealed = self._count_unsealed(self._last)

    def result(self) -> Verified:
        """After the transaction, because the keeper may have sealed meanwhile."""
        self._heads.finish(self._heads_of)
        last = self._last
        return Verified(
            seals=self._seals,
            rows=self._sealed,
            unsealed=self._unsealed,
            number=last.number if last else 0,
            head=last.head.hex() if last else None,
            findings=self._findings.first,
            found=dict(self._findings.counts),
        )

    def _heads_of(self, numbers: list[int]) -> dict[int, str]:
        return dict(self._connection.execute(query("heads_of"), {"numbers": numbers}).fetchall())

    def _all_seals(self) -> Iterator[Seal]:
        with self._connection.cursor(name="seals", row_factory=class_row(Seal)) as cursor:
            cursor.itersize = 100
            cursor.execute(query("seals"), binary=True)
            yield from cursor

    def _compare_rows(self, last: Seal | None, seal: Seal, *, gone: bool) -> None:
        if seal.format not in FORMATS:
            self._findings.add("seal-unreadable", f"seal {seal.number}", f"has format {seal.format}")
            return
        if gone:
            self._pass_over(last, seal)
        present = list(self._rows.take_to(seal.end, seal.format))
        self._sealed += seal.rows
        self._compare(seal, present)

    def _pass_over(self, last: Seal | None, seal: Seal) -> None:
        """What the seals sealed that are gone: nobody can say whether these rows are as they were."""
        start = last.end if last else Position(0)
        rows = sum(1 for _ in self._rows.take_to(Position(seal.from_xact), seal.format))
        if rows:
            where = f"transactions {start.xact} to {seal.from_xact}"
            self._findings.add("rows-without-seal", where, f"{rows} rows whose seal was removed")

    def _compare(self, seal: Seal, present: list[LedgerRow]) -> None:
        ids = [row.id for row in present]
        if ids == seal.ids and b"".join(row.digest for row in present) == seal.hashes:
            return
        where = f"seal {seal.number}"
        known = dict(zip(seal.ids, seal.digests(), strict=False))
        self._added |= dict.fromkeys(Counter(ids) - Counter(seal.ids), seal.number)
        for row in present:
            if row.id in known and known[row.id] != row.digest:
                self._findings.add("row-altered", row.id, f"is not what {where} sealed")
        self._removed |= dict.fromkeys(Counter(seal.ids) - Counter(ids), seal.number)
        if sorted(ids) == sorted(seal.ids) and ids != seal.ids:
            self._findings.add("rows-reordered", where, "its rows stand in another order")

    def _tell_moves(self) -> None:
        present = self._present(list(islice(self._removed, MOST_ASKED)))
        for name, number in self._removed.items():
            if name in present:
                self._findings.add("row-altered", name, f"was moved out of seal {number} by another xact")
            else:
                self._findings.add("row-removed", name, f"was sealed by seal {number} and is gone")
        for name, number in self._added.items():
            if name not in self._removed:
                self._findings.add(
                    "row-added", name, f"stands among the rows of seal {number}, which has it not"
                )

    def _present(self, ids: list[str]) -> set[str]:
        names = [name.partition("/")[2] for name in ids]
        return {name for (name,) in self._connection.execute(query("present"), {"names": names})}

    def _tell_set_back(self, last: Seal | None) -> None:
        settled = settled_xact(self._connection)
        if last and settled < last.to_xact:
            self._findings.add(
                "ids-set-back",
                f"seal {last.number}",
                f"ends at transaction {last.to_xact}, this database stands at {settled}: it was restored "
                "from a dump into another cluster, new rows cannot be told from old ones",
            )

    def _count_unsealed(self, last: Seal | None) -> int:
        place = {"xact": str(last.to_xact if last else 0)}
        row = self._connection.execute(query("count_unsealed"), place).fetchone()
        return int(row[0]) if row else 0
