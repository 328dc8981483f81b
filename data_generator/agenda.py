"""All stories in progress, ordered by the time of their next act."""

from heapq import heappop, heappush
from itertools import count

from data_generator.acts import Act, Answer, Spawn, Story


class Agenda:
    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Story, Act]] = []
        self._order = count()

    @property
    def next_ms(self) -> int | None:
        return self._heap[0][0] if self._heap else None

    def resume(self, story: Story, answer: Answer | None = None) -> None:
        """Begin a story, or go on with it after its last act, up to its next act."""
        while True:
            try:
                act = story.send(answer)
            except StopIteration:
                return
            if not isinstance(act, Spawn):
                heappush(self._heap, (act.at_ms, next(self._order), story, act))
                return
            self.resume(act.story)
            answer = None

    def take(self, until_ms: int) -> tuple[Story, Act] | None:
        """The earliest act that is due by then, with the story that waits for it to be done."""
        if not self._heap or self._heap[0][0] > until_ms:
            return None
        _, _, story, act = heappop(self._heap)
        return story, act
