"""The seals among themselves, and against the heads outside the database."""

import time
from collections.abc import Callable, Iterator
from itertools import islice

from app.keeper.findings import Findings
from app.keeper.heads import Head, HeadsFile
from app.keeper.seal import NOTHING_BEFORE, Seal

ASKED_AT_ONCE = 1_000


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
    """Reads the file beside the seals, so that neither is held whole; `pause_s` is what a keeper may need
    from a seal to its line."""

    def __init__(self, heads: HeadsFile, findings: Findings, pause_s: float = 1.0) -> None:
        self._file = heads
        self._findings = findings
        self._pause_s = pause_s
        self._read = 0  # bytes
        self._line = 0
        self._newest = 0
        self._heads = self._in_order()
        self._next = next(self._heads, None)

    def compare(self, seal: Seal) -> None:
        while self._next is not None and self._next.number < seal.number:
            self._tell_removed(self._next)
            self._advance()
        if self._next is None:
            self._look_again()
        head, where = self._next, f"seal {seal.number}"
        if head is None or head.number > seal.number:
            self._findings.add("head-missing", where, f"its head is not in {self._name}: lines were cut")
            return
        if head.head != seal.head.hex():
            self._findings.add("seal-rewritten", where, f"is not the one whose head is in {self._name}")
        self._advance()

    def finish(self, heads_of: Callable[[list[int]], dict[int, str]]) -> None:
        """What the file tells of beyond the last seal must have become one meanwhile."""
        while ahead := list(islice(self._rest(), ASKED_AT_ONCE)):
            sealed_since = heads_of([head.number for head in ahead])
            for head in ahead:
                if sealed_since.get(head.number) != head.head:
                    self._tell_removed(head)

    @property
    def _name(self) -> str:
        return self._file.path.name

    def _tell_removed(self, head: Head) -> None:
        what = f"is in {self._name}, not in the database"
        self._findings.add("seal-removed", f"seal {head.number}", what)

    def _advance(self) -> None:
        self._next = next(self._heads, None)

    def _rest(self) -> Iterator[Head]:
        while (head := self._next) is not None:
            self._advance()
            yield head

    def _look_again(self) -> None:
        """Once: the newest seal's line may be a moment behind."""
        if self._pause_s:
            time.sleep(self._pause_s)
            self._pause_s = 0.0
            self._heads = self._in_order()
            self._advance()

    def _in_order(self) -> Iterator[Head]:
        """From where reading ended before."""
        for read, head in self._file.lines(self._read):
            self._read = read
            self._line += 1
            where = f"{self._name} line {self._line}"
            if head is None:
                self._findings.add("head-unreadable", where, "cannot be read")
            elif head.number <= self._newest:
                self._findings.add("heads-set-back", where, f"names seal {head.number} once more")
            else:
                self._newest = head.number
                yield head
