"""What a run has done so far: verdicts and truth from the simulator's record, times from the ledger."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from msgspec import json

from data_generator.truth import PaymentTruth
from deploy.cli.queries import query
from domain.decision import Verdict


@dataclass(kw_only=True)
class Tally:
    """Follows the simulator's record as it grows."""

    path: Path
    payments: int = 0
    unanswered: int = 0
    verdicts: Counter[Verdict] = field(default_factory=Counter)
    caught: int = 0
    caught_minor: int = 0
    missed: int = 0
    missed_minor: int = 0
    false_declines: int = 0
    fraud_of: dict[str, str] = field(default_factory=dict)  # transaction -> pattern
    _read: int = 0

    def follow(self) -> None:
        """Takes the whole lines that have come since the last call."""
        try:
            with self.path.open("rb") as file:
                file.seek(self._read)
                whole = file.read().rpartition(b"\n")[0]
        except FileNotFoundError:
            return
        if not whole:
            return
        self._read += len(whole) + 1
        for truth in json.Decoder(PaymentTruth).decode_lines(whole):
            self._take(truth)

    def _take(self, truth: PaymentTruth) -> None:
        self.payments += 1
        if truth.fraud:
            self.fraud_of[truth.transaction_id] = truth.fraud
        if truth.verdict is None:
            self.unanswered += 1
            return
        self.verdicts[truth.verdict] += 1
        stopped = truth.verdict.stops_payment
        if truth.fraud and stopped:
            self.caught += 1
            self.caught_minor += truth.amount_minor
        elif truth.fraud:
            self.missed += 1
            self.missed_minor += truth.amount_minor
        else:
            self.false_declines += stopped


@dataclass(frozen=True, kw_only=True)
class Recent:
    decisions: int
    per_second: float
    p50_ms: float
    p99_ms: float
    age_ms: int | None
    r0_share: float


@dataclass(frozen=True, kw_only=True)
class Stopped:
    transaction_id: str
    decided_at: datetime
    verdict: str
    score: int
    amount_minor: int
    currency: str
    user_id: str
    card_id: str
    reasons: tuple[str, ...]


def recent(connection: Any, since: datetime) -> Recent:
    row = connection.execute(query("recent"), {"since": since}).fetchone()
    decisions, per_second, p50_ms, p99_ms, age_ms, r0_share = row
    return Recent(
        decisions=decisions,
        per_second=float(per_second),
        p50_ms=float(p50_ms),
        p99_ms=float(p99_ms),
        age_ms=age_ms,
        r0_share=r0_share,
    )


def last_stopped_fraud(connection: Any, since: datetime, fraud_of: Mapping[str, str]) -> Stopped | None:
    """The newest stopped payment that the simulator knows to be fraud."""
    for *fields, reasons in connection.execute(query("last_stopped"), {"since": since}):
        if fields[0] in fraud_of:
            names = Stopped.__dataclass_fields__
            sentences = tuple(reason["sentence"] for reason in reasons)
            return Stopped(**dict(zip(names, (*fields, sentences), strict=True)))
    return None
