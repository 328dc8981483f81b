"""All records that were ever told, read twice: by replay, which rebuilds histories, and by the oracle."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from heapq import merge
from typing import cast

from oracle import Oracle, Told

from domain.events import AccountCreated, ProfileChanged
from domain.history import History, HistoryKind, fold
from domain.positions import covers
from domain.profile import Profile, fold_profile
from domain.raw_record import RawRecord
from flink_jobs.as_known import Step, step_of
from flink_jobs.routing import targets


class RawPast:
    """`records` in the order of topic, partition and offset."""

    def __init__(self, records: Sequence[RawRecord]) -> None:
        self.replay = PlainReplay(records)
        self.oracle = Oracle(
            Told(step.source, step.offset, step.known_at_ms, step.event)
            for record in records
            if (step := step_of(record))
        )


class PlainReplay:
    """Folds what the positions cover, partitions merged by record time: ids, by which repeats are known,
    are not kept for ever, so one partition may not be read days ahead of another."""

    def __init__(self, records: Sequence[RawRecord]) -> None:
        self._lines: dict[tuple[str, str], dict[int, list[Step]]] = defaultdict(lambda: defaultdict(list))
        for record in records:
            if step := step_of(record):
                for entity in targets(step.event):
                    self._lines[entity][step.source].append(step)

    def history(self, kind: HistoryKind, entity: str, positions: list[int]) -> History | None:
        history: History | None = None
        for step in self._covered(kind, entity, positions):
            history = fold(kind, history, step.event, step.known_at_ms, (step.source, step.offset))
        return history

    def profile(self, entity: str, positions: list[int]) -> Profile | None:
        profile: Profile | None = None
        for step in self._covered("profile", entity, positions):
            change = cast("AccountCreated | ProfileChanged", step.event)
            profile = fold_profile(profile, change, step.known_at_ms, (step.source, step.offset))
        return profile

    def _covered(self, kind: str, entity: str, positions: list[int]) -> Iterator[Step]:
        lines = []
        for line in self._lines[kind, entity].values():
            newest_ms, timed = 0, []
            for step in line:
                newest_ms = max(newest_ms, step.known_at_ms)
                if covers(positions, (step.source, step.offset)):
                    timed.append((newest_ms, step.source, step.offset, step))
            lines.append(timed)
        for *_, step in merge(*lines, key=lambda timed: timed[:3]):
            yield step
