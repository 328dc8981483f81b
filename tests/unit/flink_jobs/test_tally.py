from fake_flink import Counter

from flink_jobs.tally import STEP, Tally


def test_java_is_told_in_steps() -> None:
    counter = Counter()
    tally = Tally(counter)  # type: ignore[arg-type]
    for _ in range(STEP - 1):
        tally.add()
    assert counter.count == 0
    tally.add()
    assert (counter.count, counter.calls) == (STEP, 1)


def test_the_rest_is_told_once_when_asked() -> None:
    counter = Counter()
    tally = Tally(counter)  # type: ignore[arg-type]
    tally.add()
    tally.tell()
    tally.tell()
    assert (counter.count, counter.calls) == (1, 1)
