"""What a seal says, and how it is computed: a chain of hashes over the ledger's rows in batches."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from msgspec import Struct, msgpack, structs

FORMAT = 2  # of new seals: names the columns that a row's digest is made of, and their encoding
DIGEST_BYTES = 32
NOTHING_BEFORE = bytes(DIGEST_BYTES)
_encoder = msgpack.Encoder()


class Position(Struct, frozen=True, order=True):
    """A place in the ledger's order: the transaction that added a row, then its id. No id is before all."""

    xact: int
    id: str = ""


class LedgerRow(Struct, frozen=True):
    """`id` begins with the name of the table."""

    position: Position
    digest: bytes

    @property
    def id(self) -> str:
        return self.position.id


class Seal(Struct, frozen=True, kw_only=True):
    """The rows from the previous seal's end to this one's; `hashes` are 32 bytes a row, in the ids' order."""

    number: int
    format: int
    from_xact: int
    to_xact: int
    to_id: str
    rows: int
    ids: list[str]
    hashes: bytes
    previous: bytes
    head: bytes
    sealed_at_ms: int

    @property
    def end(self) -> Position:
        return Position(self.to_xact, self.to_id)

    def digests(self) -> list[bytes]:
        return [self.hashes[at : at + DIGEST_BYTES] for at in range(0, len(self.hashes), DIGEST_BYTES)]

    def is_intact(self) -> bool:
        return self.head == head_of(self) and self.rows == len(self.ids) == len(self.digests())


def row_digest(format_: int, values: Sequence[Any]) -> bytes:
    """Of whole numbers, floats, texts, bytes, booleans and nulls, each told from the others by its type."""
    return sha256(_encoder.encode((format_, *values))).digest()


def seal_of(
    rows: Sequence[LedgerRow], *, after: Seal | None, end: Position, sealed_at_ms: int, format_: int = FORMAT
) -> Seal:
    """The next seal of the chain."""
    unsealed = Seal(
        number=1 if after is None else after.number + 1,
        format=format_,
        from_xact=0 if after is None else after.to_xact,
        to_xact=end.xact,
        to_id=end.id,
        rows=len(rows),
        ids=[row.id for row in rows],
        hashes=b"".join(row.digest for row in rows),
        previous=NOTHING_BEFORE if after is None else after.head,
        head=b"",
        sealed_at_ms=sealed_at_ms,
    )
    return with_head(unsealed)


def with_head(seal: Seal) -> Seal:
    return structs.replace(seal, head=head_of(seal))


def head_of(seal: Seal) -> bytes:
    """Everything that a seal says is in its head."""
    said = (
        seal.format,
        seal.previous,
        seal.number,
        seal.from_xact,
        seal.to_xact,
        seal.to_id,
        seal.sealed_at_ms,
        seal.ids,
        seal.hashes,
    )
    return sha256(_encoder.encode(said)).digest()
