"""What a verification found: the first findings, and how many there are of each kind."""

from collections import Counter

from msgspec import Struct

MOST_TOLD = 200


class Finding(Struct, frozen=True, kw_only=True):
    """`where` names a row, a seal or a line."""

    kind: str
    where: str
    what: str


class Findings:
    def __init__(self) -> None:
        self.first: list[Finding] = []
        self.counts: Counter[str] = Counter()

    def add(self, kind: str, where: str, what: str) -> None:
        self.counts[kind] += 1
        if len(self.first) < MOST_TOLD:
            self.first.append(Finding(kind=kind, where=where, what=what))
