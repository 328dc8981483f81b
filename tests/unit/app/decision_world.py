"""All that stands around a decision, in memory and on a clock that moves when it is told to."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from approvals import PATIENT, an_approval
from factories import NOW_MS, a_caller, a_request, stored
from fakes import FakeFeatureReader, FakeFlight, FakeLedger, FakeModel, FakePolicies
from fakes_journal import FakeJournal

from app.deadline import Deadline
from app.decide import Answer, Approval, Call
from app.ports import Caller, KnownPulse
from app.replies import Reply, decode_reply
from app.sandbox import Forced
from app.stages import Stage
from domain.profile import Profile


def read(answer: Answer) -> Reply:
    return decode_reply(answer.reply)


@dataclass(kw_only=True)
class World:
    """One host: its journal is shared by its processes. Put in another journal, and it is another host."""

    flight: FakeFlight = field(default_factory=FakeFlight)
    features: FakeFeatureReader = field(init=False)
    ledger: FakeLedger = field(init=False)
    journal: FakeJournal = field(default_factory=FakeJournal)
    policies: FakePolicies = field(default_factory=FakePolicies)
    pulse: KnownPulse | None = None
    model: FakeModel | None = field(default_factory=FakeModel)
    deadline: Deadline = PATIENT
    clock_s: float = 100.0
    now_ms: int = NOW_MS
    stages: list[tuple[Stage, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.features, self.ledger = FakeFeatureReader(self.flight), FakeLedger(self.flight)
        known = stored()
        for kind, owner, by_id in (
            ("card", "card_a", self.features.cards),
            ("user", "usr_a", self.features.users),
            ("device", "dev_a", self.features.devices),
            ("zone", "zone_a", self.features.zone_histories),
        ):
            by_id[owner] = getattr(known, kind)
        self.features.profiles["usr_a"] = Profile(version=4, home_zone="zone_a", rating_centi=480)
        self.features.low_watermark_ms = known.low_watermark_ms

    def pass_time(self, seconds: float) -> Callable[[], None]:
        def passes() -> None:
            self.clock_s += seconds

        return passes

    def approval(self) -> Approval:
        """Of one process."""
        return an_approval(
            features=self.features,
            ledger=self.ledger,
            journal=self.journal,
            policies=self.policies,
            pulse=lambda: self.pulse,
            model=self.model,
            deadline=self.deadline,
            now_ms=lambda: self.now_ms,
            monotonic=lambda: self.clock_s,
            stage=lambda stage, seconds: self.stages.append((stage, seconds)),
        )

    async def decide(
        self,
        *,
        process: Approval | None = None,
        waited_s: float = 0.0,
        key: str | None = None,
        caller: Caller | None = None,
        forced: Forced | None = None,
        **given: Any,
    ) -> Answer:
        """In a process of its own unless told otherwise; the key is the transaction's id."""
        request = a_request(**given)
        call = Call(
            caller=caller or a_caller(), key=key or request.transaction_id, request=request, forced=forced
        )
        return await (process or self.approval()).decide(call, self.clock_s - waited_s)
