"""The parity alarm: now and then, a sample of decisions of minutes ago is computed again from raw events.

What was folded of the zones is kept from one check to the next, because the platform's pulse needs all of
them and they have the most events; so are the links, because anybody may belong to a ring. A difference is
told only when a rebuild from nothing finds it as well.
"""

import logging
import time
from collections import Counter, OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from deploy.parity.decisions import RecordedDecision
from deploy.parity.ledger import Check, ParityLedger
from deploy.parity.rebuilding import Archive, KeptZones, Rebuild
from deploy.parity.rings import LinkPast
from deploy.parity.tally import Tally
from flink_jobs.as_known import PastForgotten

log = logging.getLogger("faregate.parity")
ANCHOR_BEHIND = timedelta(minutes=1)  # a decision's pulse may be older than the decision, by 30 s
CHECKED_KEPT = 1_000


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """Up to `most` decisions that are between `youngest` and `oldest` old."""

    most: int = 50
    youngest: timedelta = timedelta(minutes=2)
    oldest: timedelta = timedelta(minutes=5)


class ParityAlarm:
    def __init__(self, ledger: ParityLedger, archive: Archive, sampling: Sampling) -> None:
        self._ledger = ledger
        self._archive = archive
        self._sampling = sampling
        self._checked: OrderedDict[str, None] = OrderedDict()
        self._kept: KeptZones | None = None
        self._links = LinkPast()

    def check(self) -> Tally | None:
        """None when there is nothing to look at, or it is not in the archive yet."""
        decisions = self._sample()
        if not decisions:
            return None
        began, used = time.monotonic(), time.process_time()
        tally = self._judge(decisions)
        self._record(tally)
        self._remember(decisions)
        log.info(
            "%s of %s decisions as known, %s with hindsight, in %.1f s (%.1f s of CPU)",
            tally.as_known, tally.decisions, tally.with_hindsight,
            time.monotonic() - began, time.process_time() - used,
        )  # fmt: skip
        return tally

    def _sample(self) -> list[RecordedDecision]:
        sampling = self._sampling
        ends = self._archive.end_positions()
        found = self._ledger.sample(
            oldest=sampling.oldest, youngest=sampling.youngest, most=sampling.most, checked=self._checked
        )
        repeatable = [decision for decision in found if isinstance(decision, RecordedDecision)]
        if lacking := Counter(each.why for each in found if not isinstance(each, RecordedDecision)):
            log.warning("decisions that cannot be computed again: %s", dict(lacking))
        return [decision for decision in repeatable if decision.is_covered(ends)]

    def _judge(self, decisions: Sequence[RecordedDecision]) -> Tally:
        if self._kept is not None:
            try:
                tally = self._rebuild(decisions)
            except PastForgotten as problem:
                log.info("from nothing, because %s", problem)
            else:
                if tally.as_known == tally.decisions:
                    return tally
            self._kept, self._links = None, LinkPast()
        return self._rebuild(decisions)

    def _rebuild(self, decisions: Sequence[RecordedDecision]) -> Tally:
        anchor = self._ledger.anchor(older_than=self._sampling.oldest + ANCHOR_BEHIND)
        if self._kept and (anchor is None or anchor.at_ms < self._kept.at_ms):
            anchor = None
        rebuild = Rebuild(
            decisions, self._archive, hindsight=True, anchor=anchor, kept=self._kept, links=self._links
        )
        tally = Tally()
        for judged in rebuild.judged():
            tally.take(judged)
        self._kept = rebuild.kept() or self._kept
        return tally

    def _record(self, tally: Tally) -> None:
        first = tally.differences[0] if tally.differences else None
        self._ledger.record(
            Check(
                decisions=tally.decisions - tally.outside,
                as_known=tally.as_known,
                with_hindsight=min(tally.with_hindsight, tally.decisions - tally.outside),
                first_difference=first,
            )
        )
        if first is not None:
            log.warning(
                "%s of %s decisions are not what their raw events give; %s of %s is %s, rebuilt %s",
                tally.differing, tally.decisions, first.feature, first.decision_id,
                first.stored, first.rebuilt,
            )  # fmt: skip

    def _remember(self, decisions: Iterable[RecordedDecision]) -> None:
        self._checked.update((decision.decision_id, None) for decision in decisions)
        while len(self._checked) > CHECKED_KEPT:
            self._checked.popitem(last=False)
