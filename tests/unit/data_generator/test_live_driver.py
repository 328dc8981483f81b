"""The live run against a fake API and a fake Kafka: it keeps its rate, and silence does not end it."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest
import virtual_time
from virtual_time import START_MS

from data_generator.analysts import Analyst, Shift, Staff
from data_generator.live import Past, run_live
from data_generator.pace import Pace
from data_generator.patience import Patience
from data_generator.ports import Decision
from data_generator.scenarios.programme import Programme
from data_generator.truth import PaymentTruth, TruthRecord, read_truth
from domain.decision import Outcome, Verdict
from domain.display import MINUTE_MS
from domain.errors import FaregateError, Retryable
from domain.events import Event, encode_event, event_time_ms
from domain.transaction import Transaction

PAST = Past(seed=3, riders=3_000, payments=2_000)
MINUTE_S = 60.0


class FakeApi:
    def __init__(
        self, answer: Callable[[Transaction], Verdict] = lambda _: Verdict.APPROVE, latency_s: float = 0.004
    ) -> None:
        self.answer = answer
        self.latency_s = latency_s
        self.asked: list[Transaction] = []
        self.told: list[tuple[str, Outcome]] = []

    async def decide(self, transaction: Transaction) -> Decision:
        self.asked.append(transaction)
        await asyncio.sleep(self.latency_s)
        verdict = self.answer(transaction)
        return Decision(decision_id=f"dec_{transaction.transaction_id}", verdict=verdict, probability=0.5)

    async def report(
        self, transaction_id: str, outcome: Outcome, reason_code: str | None, occurred_at_ms: int
    ) -> None:
        assert (reason_code is not None) == (
            outcome in (Outcome.FAILED, Outcome.REFUNDED, Outcome.CHARGEBACK)
        )
        assert occurred_at_ms <= virtual_time.clock()
        self.told.append((transaction_id, outcome))


class FakeLabels:
    def __init__(self) -> None:
        self.told: dict[str, bool] = {}

    async def label(self, decision_id: str, *, fraud: bool) -> None:
        self.told[decision_id] = fraud


class DeafApi(FakeApi):
    async def report(self, *_: object) -> None:
        raise Retryable("nobody listens")


class FakeKafka:
    def __init__(self) -> None:
        self.events: list[Event] = []
        self.closed = False

    def publish(self, event: Event) -> None:
        self.events.append(event)

    def close(self) -> None:
        self.closed = True


class Ran:
    """A run of a simulated minute, and what it left behind."""

    def __init__(
        self, folder: Path, api: FakeApi | None = None, *, run: str = "run", **changed: object
    ) -> None:
        self.api, self.kafka = api or FakeApi(), FakeKafka()
        settings = {"rate": 10.0, "seed": 5, "duration": MINUTE_S, "past": PAST, **changed}
        path = folder / f"{run}.jsonl"
        with TruthRecord(path) as record:
            self.pace: Pace = virtual_time.run(
                run_live(
                    client=self.api,
                    producer=self.kafka,
                    record=record,
                    clock=virtual_time.clock,
                    **settings,
                )
            )
        self.truth: list[PaymentTruth] = read_truth(path)

    @property
    def who_and_what(self) -> list[tuple[object, ...]]:
        return [(t.amount_minor, t.pickup_zone, t.dropoff_zone, t.distance_m) for t in self.api.asked]


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Only to be looked at."""
    return Ran(tmp_path_factory.mktemp("usual"))


def _unavailable(_transaction: Transaction) -> Verdict:
    raise Retryable("nobody answers")


def _refused(_transaction: Transaction) -> Verdict:
    raise FaregateError("422: amount_minor")


@pytest.mark.parametrize("rate", [2.0, 10.0, 60.0])
def test_it_keeps_its_rate(tmp_path: Path, rate: float) -> None:
    ran = Ran(tmp_path, rate=rate)
    assert ran.pace.achieved == pytest.approx(rate, rel=0.25 if rate < 10 else 0.12)
    assert len(ran.api.asked) == ran.pace.payments == len(ran.truth)
    assert ran.pace.late_ms_max < 300
    assert f"/s of {rate:g}/s asked" in str(ran.pace)


def test_every_event_is_published_and_kafka_is_closed(usual: Ran) -> None:
    assert usual.pace.published == len(usual.kafka.events) > 3 * usual.pace.payments
    assert usual.kafka.closed


def test_event_time_is_wall_time(usual: Ran) -> None:
    times = [event_time_ms(event) for event in usual.kafka.events]
    assert times[0] >= START_MS
    assert times == sorted(times)
    assert [t.requested_at_ms for t in usual.api.asked] == [t.sent_at_ms for t in usual.truth]
    assert times[-1] < START_MS + 2 * MINUTE_MS


def test_the_first_attack_comes_within_seconds_and_fraud_stays_rare(tmp_path: Path) -> None:
    ran = Ran(tmp_path, duration=12 * MINUTE_S)
    attacked = [t for t in ran.truth if t.fraud]
    assert attacked[0].fraud == "stolen_card_burst"
    assert attacked[0].sent_at_ms - START_MS < 3_500
    assert 0.008 < len(attacked) / len(ran.truth) < 0.02
    assert len({t.fraud for t in attacked}) >= 2


def test_outcomes_follow_their_payments(usual: Ran) -> None:
    told = Counter(outcome for _, outcome in usual.api.told)
    assert told[Outcome.CAPTURED] > 0.9 * len(usual.truth)
    assert told[Outcome.FAILED] > 0
    assert {transaction for transaction, _ in usual.api.told} <= {t.transaction_id for t in usual.api.asked}
    assert Outcome.CHARGEBACK not in told


def test_compressed_labels_come_within_minutes(tmp_path: Path) -> None:
    ran = Ran(tmp_path, duration=5 * MINUTE_S, time_scale=86_400.0)
    fraud = {t.transaction_id for t in ran.truth if t.fraud}
    disputed = {transaction for transaction, outcome in ran.api.told if outcome is Outcome.CHARGEBACK}
    assert len(disputed & fraud) > 0.3 * len(fraud) > 0


def test_the_time_scale_changes_nobodys_ride(tmp_path: Path, usual: Ran) -> None:
    compressed = Ran(tmp_path, run="other", time_scale=86_400.0)
    assert usual.who_and_what == compressed.who_and_what


def test_the_same_seed_and_run_give_the_same_bytes(tmp_path: Path, usual: Ran) -> None:
    again = Ran(tmp_path)
    assert usual.api.asked == again.api.asked
    assert [encode_event(e) for e in usual.kafka.events] == [encode_event(e) for e in again.kafka.events]
    assert usual.truth == again.truth


def test_another_run_of_a_seed_is_the_same_story_with_fresh_ids(tmp_path: Path, usual: Ran) -> None:
    other = Ran(tmp_path, run="other")
    assert usual.who_and_what == other.who_and_what
    assert not {t.transaction_id for t in usual.api.asked} & {t.transaction_id for t in other.api.asked}


def test_another_seed_is_another_story(tmp_path: Path, usual: Ran) -> None:
    assert not set(usual.who_and_what) & set(Ran(tmp_path, run="other", seed=6).who_and_what)


def test_a_silent_api_is_asked_again_with_the_same_body_then_recorded_as_an_error(tmp_path: Path) -> None:
    ran = Ran(tmp_path, FakeApi(_unavailable), patience=Patience(attempts=3))
    assert ran.pace.payments > 400
    assert ran.pace.unanswered == ran.pace.payments == len(ran.truth)
    assert {(t.verdict, t.error) for t in ran.truth} == {(None, "nobody answers")}
    asked: defaultdict[str, list[Transaction]] = defaultdict(list)
    for transaction in ran.api.asked:
        asked[transaction.transaction_id].append(transaction)
    assert all(len(same) == 3 and same[0] == same[1] == same[2] for same in asked.values())
    assert not ran.api.told


def test_an_api_that_comes_back_answers_what_waited(tmp_path: Path) -> None:
    def away_for_five_seconds(_transaction: Transaction) -> Verdict:
        if START_MS + 20_000 < virtual_time.clock() < START_MS + 25_000:
            raise Retryable("restarting")
        return Verdict.APPROVE

    ran = Ran(tmp_path, FakeApi(away_for_five_seconds))
    assert ran.pace.unanswered == 0
    assert {(t.verdict, t.error) for t in ran.truth} == {(Verdict.APPROVE, None)}
    assert len(ran.api.asked) > len(ran.truth)


def test_a_refused_call_is_not_repeated(tmp_path: Path) -> None:
    ran = Ran(tmp_path, FakeApi(_refused))
    assert len(ran.api.asked) == len({t.transaction_id for t in ran.api.asked}) == len(ran.truth) > 400
    assert {t.error for t in ran.truth} == {"422: amount_minor"}


def test_an_outcome_that_is_not_taken_is_counted_and_riders_go_on(tmp_path: Path) -> None:
    ran = Ran(tmp_path, DeafApi())
    assert ran.pace.failed_reports == ran.pace.reports > 400
    assert len(ran.truth) > 400


def test_declined_thieves_give_up_while_riders_go_on(tmp_path: Path) -> None:
    ran = Ran(tmp_path, FakeApi(lambda _: Verdict.DECLINE))
    assert 2 <= sum(t.fraud == "stolen_card_burst" for t in ran.truth) <= 4
    assert len(ran.truth) > 500
    assert not ran.api.told


def test_a_slow_api_does_not_hold_back_the_next_payment(tmp_path: Path, usual: Ran) -> None:
    slow = Ran(tmp_path, FakeApi(latency_s=2.0), run="slow")
    assert slow.pace.payments == pytest.approx(usual.pace.payments, rel=0.05)
    assert slow.pace.waiting == 0


def test_a_set_stop_ends_an_endless_run(tmp_path: Path) -> None:
    stop = asyncio.Event()

    answered: list[Transaction] = []

    def stops_after_fifty(transaction: Transaction) -> Verdict:
        answered.append(transaction)
        if len(answered) == 50:
            stop.set()
        return Verdict.APPROVE

    ran = Ran(tmp_path, FakeApi(stops_after_fifty), duration=None, stop=stop)
    assert 50 <= len(ran.truth) == len(answered) < 60


def test_what_is_under_review_is_labelled_until_the_end(tmp_path: Path) -> None:
    labels = FakeLabels()
    staff = Staff(a_minute=6.0, error=0.0)
    shift = Shift([Analyst(1, labels, staff, seed=1, time_scale=1_000.0)])
    ran = Ran(tmp_path, FakeApi(lambda _: Verdict.REVIEW), rate=4.0, duration=3 * MINUTE_S, shift=shift)
    fraud = {f"dec_{t.transaction_id}": t.fraud is not None for t in ran.truth}
    assert len(labels.told) == pytest.approx(18, abs=1)
    assert all(fraud[decision] == said for decision, said in labels.told.items())
    assert shift.desk.put_in == len(ran.truth)
    assert f"1 analysts labelled {len(labels.told)} of {len(ran.truth)} reviews" in str(shift)


def test_nothing_but_reviews_comes_to_the_desk(tmp_path: Path) -> None:
    shift = Shift()
    Ran(tmp_path, FakeApi(lambda _: Verdict.CHALLENGE), shift=shift)
    assert shift.desk.put_in == 0


def test_an_attack_on_demand_begins_when_asked_for(tmp_path: Path) -> None:
    programme = Programme(attack="card_testing", attack_share=0.4, start_s=60.0)
    ran = Ran(tmp_path, rate=5.0, duration=4 * MINUTE_S, programme=programme)
    attacked = [t for t in ran.truth if t.fraud == "card_testing"]
    assert attacked[0].sent_at_ms - START_MS == pytest.approx(62_500, abs=1_500)
    assert len(attacked) / (3 * 60 * 5) == pytest.approx(0.4, rel=0.35)


def test_a_festival_night_is_marked_in_the_record(tmp_path: Path) -> None:
    ran = Ran(tmp_path, rate=2.0, duration=4 * MINUTE_S, programme=Programme(surge=True, start_s=120.0))
    before = [t for t in ran.truth if t.sent_at_ms < START_MS + 119_000]
    night = [t for t in ran.truth if t.sent_at_ms >= START_MS + 150_000]
    assert not any(t.scenario for t in before)
    assert sum(t.scenario == "surge" for t in night) > 0.85 * len(night)
    assert len(night) / 90 > 3.0 * len(before) / 119  # not all who came pay at once


@pytest.mark.parametrize(
    ("patience", "pauses"),
    [(Patience(attempts=1), []), (Patience(attempts=5, first_s=0.5, longest_s=2.0), [0.5, 1.0, 2.0, 2.0])],
)
def test_pauses_double_up_to_a_limit(patience: Patience, pauses: list[float]) -> None:
    assert list(patience.pauses()) == pauses
