from hypothesis import given
from hypothesis import strategies as st

from app.breaker import OPENS_AFTER, PAUSE_S, Breaker


class Clock:
    now_s = 50.0

    def __call__(self) -> float:
        return self.now_s


def a_breaker(failures: int) -> tuple[Breaker, Clock]:
    clock = Clock()
    breaker = Breaker(clock)
    for _ in range(failures):
        breaker.failed()
    return breaker, clock


def test_a_few_failures_stop_nobody() -> None:
    breaker, _ = a_breaker(OPENS_AFTER - 1)
    assert all(breaker.lets_through() for _ in range(10))


def test_many_in_a_row_stop_everybody() -> None:
    breaker, _ = a_breaker(OPENS_AFTER)
    assert not any(breaker.lets_through() for _ in range(10))


def test_a_success_in_between_begins_the_count_again() -> None:
    breaker, _ = a_breaker(OPENS_AFTER - 1)
    breaker.worked()
    for _ in range(OPENS_AFTER - 1):
        breaker.failed()
    assert breaker.lets_through()


def test_after_a_pause_one_may_try() -> None:
    breaker, clock = a_breaker(OPENS_AFTER)
    clock.now_s += PAUSE_S
    assert [breaker.lets_through() for _ in range(3)] == [True, False, False]


def test_a_try_that_fails_is_followed_by_another_pause() -> None:
    breaker, clock = a_breaker(OPENS_AFTER)
    for _ in range(4):
        clock.now_s += PAUSE_S
        assert breaker.lets_through()
        breaker.failed()
        assert not breaker.lets_through()


def test_a_try_that_works_lets_everybody_through() -> None:
    breaker, clock = a_breaker(OPENS_AFTER)
    clock.now_s += PAUSE_S
    assert breaker.lets_through()
    breaker.worked()
    assert all(breaker.lets_through() for _ in range(10))


class Model:
    """The rule in one sentence: open are OPENS_AFTER failures in a row, with a try a pause."""

    def __init__(self) -> None:
        self.results: list[bool] = []
        self.opened_or_tried_s = 0.0

    def tell(self, worked: bool, now_s: float) -> None:
        was_open = self.is_open()
        self.results.append(worked)
        if self.is_open() and not was_open:
            self.opened_or_tried_s = now_s

    def is_open(self) -> bool:
        return len(self.results) >= OPENS_AFTER and not any(self.results[-OPENS_AFTER:])

    def lets_through(self, now_s: float) -> bool:
        if not self.is_open():
            return True
        if now_s < self.opened_or_tried_s + PAUSE_S:
            return False
        self.opened_or_tried_s = now_s
        return True


STEPS = st.lists(
    st.sampled_from(("worked", "failed", "failed", "failed", "ask", "wait", "wait long")), max_size=120
)


@given(STEPS)
def test_it_behaves_as_its_model(steps: list[str]) -> None:
    breaker, clock = a_breaker(0)
    model = Model()
    for step in steps:
        match step:
            case "ask":
                assert breaker.lets_through() == model.lets_through(clock.now_s)
            case "wait" | "wait long":
                clock.now_s += PAUSE_S / 4 if step == "wait" else PAUSE_S
            case _:
                getattr(breaker, step)()
                model.tell(step == "worked", clock.now_s)
