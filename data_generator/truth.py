"""The truth record: what was really behind each payment, which only the simulator knows."""

from pathlib import Path
from types import TracebackType
from typing import Self

from msgspec import Struct, json

from domain.decision import Verdict


class PaymentTruth(Struct, frozen=True, kw_only=True):
    """One line. `verdict` is null when the payment got no answer, and `error` then says why.

    `took_ms` is how long the rider's app waited for it, retries included. `fraud` names the pattern,
    `scenario` the rare day or the cold start that the payment is part of.
    """

    transaction_id: str
    sent_at_ms: int
    fraud: str | None
    amount_minor: int
    verdict: Verdict | None
    took_ms: int
    error: str | None
    scenario: str | None = None


class TruthRecord:
    """JSON lines, each on disk as soon as its payment is answered, so that a reader may follow along."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab", buffering=0)

    def write(self, truth: PaymentTruth) -> None:
        self._file.write(json.encode(truth) + b"\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def read_truth(path: Path) -> list[PaymentTruth]:
    """All whole lines; the last may still be on its way."""
    whole = path.read_bytes().rpartition(b"\n")[0]
    return json.Decoder(PaymentTruth).decode_lines(whole) if whole else []
