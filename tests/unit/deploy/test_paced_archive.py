"""An archive that rests while it is read."""

from collections.abc import Iterator, Mapping

from deploy.parity.paced_archive import LOOK_EVERY, SHARE, PacedArchive
from domain.raw_record import RawRecord
from domain.topics import RIDES


class FakeArchive:
    """Each record takes 10 ms."""

    def __init__(self, number: int) -> None:
        self.cpu_s = 0.0
        self.asked: tuple[object, ...] = ()
        self._number = number

    def end_positions(self) -> Mapping[tuple[str, int], int]:
        return {(RIDES.name, 0): 7}

    def records(
        self,
        from_ms: int | None = None,
        until_ms: int | None = None,
        entities: Mapping[str, set[str]] | None = None,
    ) -> Iterator[RawRecord]:
        self.asked = (from_ms, until_ms, entities)
        return self._read()

    def link_records(self, since: Mapping[tuple[str, int], int]) -> Iterator[RawRecord]:
        self.asked = (since,)
        return self._read()

    def _read(self) -> Iterator[RawRecord]:
        for offset in range(self._number):
            self.cpu_s += 0.010
            yield RawRecord(
                topic=RIDES.name, partition=0, offset=offset, record_time_ms=offset, key=None, body=b"{}"
            )


def test_it_uses_no_more_than_its_share_of_the_time() -> None:
    archive, rests = FakeArchive(10 * LOOK_EVERY + 1), []
    paced = PacedArchive(archive=archive, cpu_s=lambda: archive.cpu_s, sleep=rests.append)
    assert len(list(paced.records())) == 10 * LOOK_EVERY + 1
    assert archive.cpu_s / (archive.cpu_s + sum(rests)) <= SHARE + 0.001
    assert max(rests) <= LOOK_EVERY * 0.010 * (1 / SHARE - 1) + 1e-9


def test_what_is_asked_for_is_passed_on() -> None:
    archive = FakeArchive(3)
    paced = PacedArchive(archive=archive, sleep=lambda _: None)
    records = list(paced.records(1, 2, {"user_id": {"usr_a"}}))
    assert [record.offset for record in records] == [0, 1, 2]
    assert archive.asked == (1, 2, {"user_id": {"usr_a"}})
    assert paced.end_positions() == {(RIDES.name, 0): 7}
    assert len(list(paced.link_records({(RIDES.name, 0): 3}))) == 3
    assert archive.asked == ({(RIDES.name, 0): 3},)
