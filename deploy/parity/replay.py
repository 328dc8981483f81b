"""All decisions of a period computed again from the archive."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from deploy.parity.decisions import RecordedDecision
from deploy.parity.ledger import ParityLedger
from deploy.parity.rebuilding import Archive, Rebuild
from deploy.parity.rings import LinkPast
from deploy.parity.tally import Tally

AT_ONCE = 2_000  # decisions that share one pass over the archive; what they need of it is held in memory


class Period(NamedTuple):
    since: datetime
    until: datetime


def replay(
    ledger: ParityLedger,
    archive: Archive,
    period: Period,
    *,
    limit: int | None = None,
    hindsight: bool = False,
    on_progress: Callable[[int], None] = lambda _: None,
) -> Tally:
    """`limit` is how many decisions are looked at; `on_progress` hears how many were."""
    tally, looked_at, links = Tally(), 0, LinkPast()
    for page in ledger.pages(*period, AT_ONCE):
        taken = page if limit is None else page[: limit - looked_at]
        repeatable = [found for found in taken if isinstance(found, RecordedDecision)]
        tally.left_out.update(found.why for found in taken if not isinstance(found, RecordedDecision))
        ends = archive.end_positions()
        covered = [decision for decision in repeatable if decision.is_covered(ends)]
        tally.not_archived_yet += len(repeatable) - len(covered)
        rebuild = Rebuild(covered, archive, hindsight=hindsight, links=links) if covered else None
        for judged in rebuild.judged() if rebuild else ():
            tally.take(judged)
        looked_at += len(taken)
        on_progress(looked_at)
        if limit is not None and looked_at >= limit:
            break
    return tally
