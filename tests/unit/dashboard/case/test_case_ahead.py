import threading

import pytest

from dashboard.reading import ReadingsUnavailable
from dashboard.views.case.ahead import KEPT_S, MOST_KEPT, Ahead


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_what_was_fetched_is_not_read_again_for_a_while() -> None:
    read: list[str] = []
    clock = Clock()
    ahead = Ahead(lambda key: read.append(key) or key.upper(), clock=clock)
    ahead.fetch("a")
    assert [ahead.get("a"), ahead.get("a"), ahead.get("b")] == ["A", "A", "B"]
    assert sorted(read) == ["a", "b"]
    clock.now = KEPT_S
    assert ahead.get("a") == "A"
    assert read.count("a") == 2


def test_whoever_asks_meanwhile_waits_for_the_same_reading() -> None:
    may_end, read = threading.Event(), []

    def slow(key: str) -> str:
        read.append(key)
        may_end.wait(5)
        return key

    ahead = Ahead(slow)
    ahead.fetch("a")
    threading.Timer(0.02, may_end.set).start()
    assert ahead.get("a") == "a"
    assert read == ["a"]


def test_a_failure_is_raised_and_not_remembered() -> None:
    answers = [ReadingsUnavailable("away"), ReadingsUnavailable("away"), None]

    def read(key: str) -> str:
        answer = answers.pop(0)
        if answer:
            raise answer
        return key

    ahead = Ahead(read)
    ahead.fetch("a")
    for _ in range(2):
        with pytest.raises(ReadingsUnavailable):
            ahead.get("a")
        if len(answers) == 1:
            break
    assert ahead.get("a") == "a"


def test_only_so_many_are_kept() -> None:
    read: list[str] = []
    ahead = Ahead(lambda key: read.append(key) or key, clock=Clock())
    for number in range(MOST_KEPT + 1):
        ahead.get(str(number))
    ahead.get("0")
    assert read.count("0") == 2
