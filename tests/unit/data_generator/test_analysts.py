"""Analysts: their order of work, capacity, errors, and what becomes of labels that nobody takes."""

import asyncio
from random import Random
from statistics import median

import pytest
import virtual_time

from data_generator.analysts import HANDLING_S, Analyst, Case, Desk, Shift, Staff, StaffRefused, handling_s
from data_generator.patience import Patience
from domain.display import MINUTE_MS
from domain.errors import FaregateError, Retryable

AT_MS = 1_790_000_040_000


class Labels:
    def __init__(self, problem: FaregateError | None = None) -> None:
        self.problem = problem
        self.told: dict[str, bool] = {}
        self.at_s: list[float] = []

    async def label(self, decision_id: str, *, fraud: bool) -> None:
        if self.problem:
            raise self.problem
        self.told[decision_id] = fraud
        self.at_s.append(asyncio.get_running_loop().time())


def a_case(number: int, *, decided_ms: int = AT_MS, probability: float = 0.5) -> Case:
    return Case(
        transaction_id=f"txn_{number}",
        decision_id=f"dec_{number}",
        probability=probability,
        decided_ms=decided_ms,
        fraud=number % 2 == 0,
    )


def worked(
    labels: Labels, staff: Staff, cases: int, *, minutes: float = 10.0, analysts: int = 1, scale: float = 1e9
) -> Shift:
    async def run() -> Shift:
        patience = Patience(attempts=2)
        shift = Shift(
            [
                Analyst(number, labels, staff, seed=1, time_scale=scale, patience=patience)
                for number in range(analysts)
            ]
        )
        for number in range(cases):
            shift.desk.put(a_case(number))
        work = asyncio.create_task(shift.work())
        await asyncio.sleep(minutes * 60)
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        return shift

    return virtual_time.run(run())


def test_the_newest_minute_comes_first_and_in_it_the_riskiest() -> None:
    async def taken() -> list[str]:
        desk = Desk()
        desk.put(a_case(1, decided_ms=AT_MS, probability=0.9))
        desk.put(a_case(2, decided_ms=AT_MS + MINUTE_MS, probability=0.2))
        desk.put(a_case(3, decided_ms=AT_MS + MINUTE_MS - 1, probability=0.3))
        desk.put(a_case(4, decided_ms=AT_MS + MINUTE_MS + 9, probability=0.7))
        return [(await desk.take()).decision_id for _ in range(4)]

    assert asyncio.run(taken()) == ["dec_4", "dec_2", "dec_1", "dec_3"]


def test_the_oldest_fall_off_a_full_desk() -> None:
    desk = Desk(most=3)
    for number in range(9):
        desk.put(a_case(number, decided_ms=AT_MS + number * MINUTE_MS))
    assert len(desk) == 3
    assert desk.put_in == 9
    assert asyncio.run(desk.take()).decision_id == "dec_8"


def test_what_exceeds_the_capacity_stays_unlabelled() -> None:
    labels = Labels()
    shift = worked(labels, Staff(a_minute=3.0, error=0.0), 500, analysts=2)
    assert len(labels.told) == pytest.approx(2 * 3 * 10, abs=2)
    assert len(shift.desk) == pytest.approx(500 - len(labels.told), abs=2)  # one each is being worked


def test_a_case_that_comes_late_is_worked_at_once() -> None:
    labels = Labels()

    async def run() -> None:
        shift = Shift([Analyst(1, labels, Staff(error=0.0), seed=1, time_scale=1e9)])
        work = asyncio.create_task(shift.work())
        await asyncio.sleep(100)
        shift.desk.put(a_case(2))
        await asyncio.sleep(2)
        work.cancel()

    virtual_time.run(run())
    assert labels.told == {"dec_2": True}
    assert labels.at_s == [pytest.approx(100 + HANDLING_S[0], abs=0.01)]


@pytest.mark.parametrize("error", [0.0, 0.2, 1.0])
def test_so_many_words_are_wrong(error: float) -> None:
    labels = Labels()
    shift = worked(labels, Staff(a_minute=60.0, error=error), 400)
    wrong = sum(
        said != (int(decision.removeprefix("dec_")) % 2 == 0) for decision, said in labels.told.items()
    )
    assert wrong / len(labels.told) == pytest.approx(error, abs=0.05)
    assert f"{len(labels.told)} of 400 reviews, {wrong} of them wrongly" in str(shift)


def test_two_analysts_do_not_err_alike() -> None:
    one, other = Labels(), Labels()
    for number, labels in ((1, one), (2, other)):

        async def run(number: int = number, labels: Labels = labels) -> None:
            analyst = Analyst(number, labels, Staff(a_minute=600.0, error=0.3), seed=1, time_scale=1e9)
            desk = Desk()
            for case in range(100):
                desk.put(a_case(case))
            work = asyncio.create_task(analyst.work(desk))
            await asyncio.sleep(60)
            work.cancel()

        virtual_time.run(run())
    assert one.told.keys() == other.told.keys()
    assert one.told != other.told


@pytest.mark.parametrize("problem", [FaregateError("404: unknown decision"), Retryable("nobody listens")])
def test_a_label_that_is_not_taken_is_counted_and_the_work_goes_on(problem: FaregateError) -> None:
    shift = worked(Labels(problem), Staff(a_minute=60.0), 20)
    assert "labelled 0 of 20 reviews" in str(shift)
    assert "20 labels not taken" in str(shift)


def test_handling_time_follows_the_time_scale_within_bounds() -> None:
    plain, hundredth = ([handling_s(Random(n), scale) for n in range(300)] for scale in (1.0, 100.0))
    assert max(plain) == HANDLING_S[1]
    assert 2.0 < median(hundredth) < 6.0
    assert min(handling_s(Random(n), 1e6) for n in range(50)) == HANDLING_S[0]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"analysts": -1}, "0 to 20"),
        ({"analysts": 21}, "0 to 20"),
        ({"a_minute": 0.0}, "above 0"),
        ({"a_minute": float("nan")}, "above 0"),
        ({"error": 1.1}, "from 0 to 1"),
    ],
)
def test_impossible_staff_is_refused(asked: dict[str, float], told: str) -> None:
    with pytest.raises(StaffRefused, match=told):
        Staff(**asked)
