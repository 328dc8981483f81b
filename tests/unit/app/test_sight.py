"""What a decision goes by: histories in time or a reason, and a score or a lower rung."""

import asyncio
from dataclasses import dataclass, field

import pytest
from factories import NOW_MS, a_pulse, a_request, stored
from fakes import FakeFeatureReader, FakeModel, HangingModel
from fakes_scoring import FakeScoring

from app import ladder
from app.breaker import OPENS_AFTER, PAUSE_S, Breaker
from app.deadline import Deadline
from app.models.in_service import Canary, InService
from app.ports import KnownPulse, StoredFeatures
from app.sandbox import Forced
from app.sight import Seen, Sight, moment_of
from domain.decision import Rung
from domain.events import PaymentDecided
from domain.reasons import normals_of
from domain.vector import as_attempt, vector

pytestmark = pytest.mark.anyio
TRANSACTION = a_request().transaction()
ATTEMPT = as_attempt(TRANSACTION, NOW_MS)


class NewerModel(FakeModel):
    version = "mdl_newer"


class NewerThatHangs(HangingModel):
    version = "mdl_newer"


@dataclass
class Eyes:
    """`canary` decides for everybody, where there is one."""

    model: FakeModel | None = field(default_factory=FakeModel)
    canary: FakeModel | None = None
    pulse: KnownPulse | None = None
    deadline: Deadline = field(default_factory=lambda: Deadline(total_s=5.0))
    features: FakeFeatureReader = field(default_factory=FakeFeatureReader)
    clock_s: float = 10.0

    def __post_init__(self) -> None:
        self.breaker = Breaker(lambda: self.clock_s)
        self.sight = Sight(
            features=self.features,
            pulse=lambda: self.pulse,
            models=lambda: InService(
                champion=FakeScoring(self.model) if self.model else None,
                canaries=(Canary(scoring=FakeScoring(self.canary), share=1.0),) if self.canary else (),
            ),
            breaker=self.breaker,
            deadline=self.deadline,
            monotonic=lambda: self.clock_s,
        )

    async def read(self, forced: Forced | None = None, *, waited_s: float = 0.0) -> StoredFeatures | str:
        return await self.sight.read(ATTEMPT, forced, self.clock_s - waited_s)

    async def see(
        self, histories: StoredFeatures | str, forced: Forced | None = None, *, waited_s: float = 0.0
    ) -> Seen:
        arrived = self.clock_s - waited_s
        return await self.sight.see(TRANSACTION, NOW_MS, histories, forced=forced, arrived=arrived)


def hang(features: FakeFeatureReader) -> None:
    async def never(_: PaymentDecided) -> StoredFeatures:
        await asyncio.get_running_loop().create_future()
        raise AssertionError

    features.read = never  # type: ignore[method-assign]


async def test_a_read_takes_a_place_in_flight() -> None:
    eyes = Eyes()
    known = await eyes.read()
    assert isinstance(known, StoredFeatures)
    assert (known.seq, list(eyes.features.flight.payments.values())) == (1, [ATTEMPT])


async def test_a_test_token_only_looks() -> None:
    eyes = Eyes()
    known = await eyes.read(Forced())
    assert isinstance(known, StoredFeatures)
    assert (known.seq, eyes.features.flight.payments) == (None, {})


@pytest.mark.parametrize(("waited_s", "late"), [(0.030, False), (0.0311, True), (9.0, True)])
async def test_nothing_is_read_without_time_for_it(waited_s: float, late: bool) -> None:
    eyes = Eyes(deadline=Deadline())
    assert ((await eyes.read(waited_s=waited_s)) == ladder.HISTORIES_LATE) is late
    assert (eyes.features.flight.payments == {}) is late


async def test_a_read_that_hangs_is_late_and_counts_as_a_failure() -> None:
    eyes = Eyes(deadline=Deadline())
    hang(eyes.features)
    for _ in range(OPENS_AFTER):
        assert await eyes.read(waited_s=0.029) == ladder.HISTORIES_LATE
    assert await eyes.read() == ladder.HISTORIES_UNREADABLE  # and no more waiting


async def test_without_time_the_store_is_not_blamed() -> None:
    eyes = Eyes(deadline=Deadline())
    for _ in range(2 * OPENS_AFTER):
        await eyes.read(waited_s=1.0)
    assert isinstance(await eyes.read(), StoredFeatures)


async def test_a_store_that_is_back_is_read_by_everybody_again() -> None:
    eyes = Eyes()
    eyes.features.away = True
    for _ in range(OPENS_AFTER + 2):
        assert await eyes.read() == ladder.HISTORIES_UNREADABLE
    eyes.features.away = False
    assert await eyes.read() == ladder.HISTORIES_UNREADABLE
    eyes.clock_s += PAUSE_S
    assert all([isinstance(await eyes.read(), StoredFeatures) for _ in range(5)])


async def test_failures_now_and_then_never_add_up() -> None:
    eyes = Eyes()
    for _ in range(4 * OPENS_AFTER):
        eyes.features.away = True
        await eyes.read()
        eyes.features.away = False
        assert isinstance(await eyes.read(), StoredFeatures)


async def test_fresh_histories_are_made_a_vector_and_scored() -> None:
    eyes = Eyes(pulse=a_pulse())
    known = stored()
    seen = await eyes.see(known)
    assert (seen.on.rung, seen.on.feature_age_ms, seen.known, seen.pulse) == (Rung.R0, 500, known, eyes.pulse)
    moment = moment_of(known, eyes.pulse, TRANSACTION, NOW_MS)
    assert seen.values is not None
    assert seen.values.tobytes() == vector(moment).tobytes()
    assert seen.normals == normals_of(moment)
    assert seen.scored is not None
    assert seen.scored.probability == 0.01


@pytest.mark.parametrize("histories", [ladder.HISTORIES_LATE, stored(low_watermark_ms=None)])
async def test_below_the_model_nothing_is_computed(histories: StoredFeatures | str) -> None:
    eyes = Eyes(pulse=a_pulse())
    seen = await eyes.see(histories)
    assert seen.on.rung is Rung.R2
    assert (seen.values, seen.scored, seen.pulse, seen.normals) == (None, None, None, {})
    assert seen.known == (histories if isinstance(histories, StoredFeatures) else StoredFeatures())
    assert eyes.model is not None
    assert eyes.model.seen == []


async def test_without_a_model_the_histories_are_still_told() -> None:
    seen = await Eyes(model=None).see(stored())
    assert (seen.on.rung, seen.on.reason, seen.known) == (Rung.R2, ladder.NO_MODEL, stored())


async def test_a_model_that_fails_is_a_lower_rung_and_told_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    eyes = Eyes()
    assert eyes.model is not None
    eyes.model.broken = True
    seen = await eyes.see(stored())
    assert (seen.on.rung, seen.on.reason, seen.on.feature_age_ms) == (Rung.R2, ladder.SCORER_FAILED, 500)
    assert (seen.values, seen.known) == (None, stored())
    assert TRANSACTION.transaction_id in caplog.text


async def test_a_model_that_hangs_is_a_lower_rung() -> None:
    seen = await Eyes(model=HangingModel(), deadline=Deadline()).see(stored(), waited_s=0.02)
    assert (seen.on.reason, seen.values) == (ladder.SCORER_LATE, None)


async def test_a_canary_decides_for_its_riders() -> None:
    eyes = Eyes(canary=NewerModel(0.7))
    seen = await eyes.see(stored())
    assert seen.model is not None
    assert seen.scored is not None
    assert (seen.model.version, seen.scored.probability, seen.on.rung) == ("mdl_newer", 0.7, Rung.R0)
    assert eyes.model is not None
    assert eyes.model.seen == []


async def test_a_canary_that_fails_leaves_the_payment_to_the_champion() -> None:
    canary = NewerModel(0.7)
    canary.broken = True
    seen = await Eyes(canary=canary).see(stored())
    assert seen.model is not None
    assert (seen.model.version, seen.on.rung) == ("mdl_fake", Rung.R0)


async def test_a_canary_that_hangs_leaves_the_champion_half_the_time() -> None:
    seen = await Eyes(canary=NewerThatHangs(), deadline=Deadline(total_s=0.5)).see(stored())
    assert seen.model is not None
    assert (seen.model.version, seen.on.rung) == ("mdl_fake", Rung.R0)


async def test_with_all_time_spent_nothing_is_computed() -> None:
    seen = await Eyes(deadline=Deadline()).see(stored(), waited_s=0.035)
    assert (seen.on.rung, seen.on.reason, seen.values) == (Rung.R3, ladder.DEADLINE_SPENT, None)


@pytest.mark.parametrize(
    ("forced", "scores"),
    [
        (Forced(rung=Rung.R0), True),
        (Forced(rung=Rung.R1, rung_reason=ladder.FEATURES_AGEING), True),
        (Forced(rung=Rung.R2, rung_reason=ladder.NO_MODEL), False),
        (Forced(rung=Rung.R3, rung_reason=ladder.DEADLINE_SPENT), False),
    ],
)
@pytest.mark.parametrize("histories", [stored(), ladder.HISTORIES_LATE])
async def test_a_forced_rung_holds_whatever_is_known(
    forced: Forced, scores: bool, histories: StoredFeatures | str
) -> None:
    seen = await Eyes().see(histories, forced)
    assert (seen.on.rung, seen.on.reason) == (forced.rung, forced.rung_reason)
    assert (seen.scored is not None) is scores


@pytest.mark.parametrize("model", [FakeModel(), None])
async def test_it_tells_whether_the_database_answered(model: FakeModel | None) -> None:
    eyes = Eyes(model=model)
    assert (await eyes.see(stored(low_watermark_ms=None))).reached
    assert (await eyes.see(stored())).reached
    assert not (await eyes.see(ladder.HISTORIES_LATE)).reached


async def test_a_forced_verdict_alone_leaves_the_rung() -> None:
    seen = await Eyes().see(stored(), Forced())
    assert (seen.on.rung, seen.on.feature_age_ms) == (Rung.R0, 500)
