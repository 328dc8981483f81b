"""How well a live run keeps its rate, said on stderr now and then."""

import logging
from collections import Counter

from domain.decision import Verdict
from domain.display import SECOND_MS, count, duration_ms

log = logging.getLogger(__name__)
EVERY_MS = 10 * SECOND_MS


class Pace:
    """Counts of one run; `late_ms` is how long after its due time a payment was sent."""

    def __init__(self, *, asked: float, start_ms: int) -> None:
        self.asked = asked
        self.payments = 0
        self.published = 0
        self.reports = 0
        self.failed_reports = 0
        self.unanswered = 0
        self.verdicts: Counter[Verdict] = Counter()
        self.late_ms_max = 0
        self._start_ms = self._now_ms = self._logged_ms = start_ms

    @property
    def achieved(self) -> float:
        """Payments a second since the start."""
        return self.payments / max(0.001, (self._now_ms - self._start_ms) / SECOND_MS)

    @property
    def waiting(self) -> int:
        return self.payments - self.verdicts.total() - self.unanswered

    def sent(self, *, late_ms: int) -> None:
        self.payments += 1
        self.late_ms_max = max(self.late_ms_max, late_ms)

    def answered(self, verdict: Verdict | None) -> None:
        if verdict is None:
            self.unanswered += 1
        else:
            self.verdicts[verdict] += 1

    def reported(self, *, failed: bool) -> None:
        self.reports += 1
        self.failed_reports += failed

    def log_now_and_then(self, now_ms: int) -> None:
        if now_ms - self._logged_ms >= EVERY_MS:
            self._logged_ms = self._now_ms = now_ms
            log.info("%s", self)

    def end(self, now_ms: int) -> None:
        """No payment is sent from now on; answers may still come."""
        self._now_ms = now_ms

    def __str__(self) -> str:
        return (
            f"{count(self.payments)} payments, {self.achieved:.1f}/s of {self.asked:g}/s asked, "
            f"at most {duration_ms(self.late_ms_max)} late, {count(self.waiting)} waiting, "
            f"{count(self.unanswered)} unanswered, {count(self.failed_reports)} outcomes not taken"
        )
