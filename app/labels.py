"""What an analyst says of a decision."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from app.letters import in_letters
from app.ports import Caller, Ledger
from app.problems import UNKNOWN_DECISION, RequestRefused
from app.requests import LabelRequest
from domain.labels import AnalystLabel, Label


@dataclass(frozen=True, kw_only=True)
class LabelDesk:
    ledger: Ledger
    now_ms: Callable[[], int]

    async def label(self, decision_id: str, request: LabelRequest, caller: Caller) -> str:
        """Keep the word on a decision and return its id; the same word again is another row, and no harm.

        Raises RequestRefused for a decision not the caller's, LedgerUnavailable if nothing can be kept.
        """
        label = AnalystLabel(
            label_id=f"lbl_{in_letters(secrets.token_hex(16))}",
            decision_id=decision_id,
            label=Label(request.label),
            labelled_by=caller.key_id,
            why=request.why,
            labelled_at_ms=self.now_ms(),
        )
        if not await self.ledger.record_label(label, caller.tenant):
            raise RequestRefused(
                UNKNOWN_DECISION, "the ledger holds no decision with this id", field="decision_id"
            )
        return label.label_id
