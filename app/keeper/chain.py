"""The seals among themselves, and against the heads outside the database."""

from collections.abc import Iterator

from app.keeper.findings import Findings
from app.keeper.heads import Head, HeadsFile
from app.keeper.seal import NOTHING_BEFORE, Seal


class ChainCheck:
    def __init__(self, findings: Findings) -> None:
        self._findings = findings

    def follow(self, last: Seal | None, seal: Seal) -> bool:
        """True when seals before this one are gone."""
        where = f"seal {seal.number}"
        expected = last.number + 1 if last else 1
        if seal.number > expected:
            names = (
                f"seal {expected}" if seal.number == expected + 1 else f"seals {expected}-{seal.number - 1}"
            )
            self._findings.add("seal-removed", names, "gone from the database")
        elif seal.previous != (last.head if last else NOTHING_BEFORE):
            self._findings.add("seal-altered", where, "does not follow from the seal before it")
        if not seal.is_intact():
            self._findings.add("seal-altered", where, "its head is not the hash of what it says")
        return seal.number > expected


class HeadsCheck:
    """Reads the file beside the seals, so that neither is held whole."""

    def __init__(self, heads: HeadsFile, findings: Findings) -> None:
        self._file = heads
        self._findings = findings
        self._line = 0
        self._newest = 0
        self._heads = self._in_order()
        self._next = next(self._heads, None)

    def compare(self, seal: Seal) -> None:
        self._pass_to(seal.number)
        head, where = self._next, f"seal {seal.number}"
        if head is None or head.number > seal.number:
            self._findings.add(
                "head-missing", where, f"its head is not in {self._file.path.name}: lines were cut"
            )
            return
        if head.head != seal.head.hex():
            self._findings.add(
                "seal-rewritten", where, f"is not the one whose head is in {self._file.path.name}"
            )
        self._next = next(self._heads, None)

    def finish(self) -> None:
        """What the file tells of beyond the last seal."""
        self._pass_to(None)

    def _pass_to(self, number: int | None) -> None:
        while self._next is not None and (number is None or self._next.number < number):
            self._findings.add(
                "seal-removed",
                f"seal {self._next.number}",
                f"is in {self._file.path.name}, not in the database",
            )
            self._next = next(self._heads, None)

    def _in_order(self) -> Iterator[Head]:
        for head in self._file.lines():
            self._line += 1
            where = f"{self._file.path.name} line {self._line}"
            if head is None:
                self._findings.add("head-unreadable", where, "cannot be read")
            elif head.number <= self._newest:
                self._findings.add("heads-set-back", where, f"names seal {head.number} once more")
            else:
                self._newest = head.number
                yield head
