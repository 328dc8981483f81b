"""A story told again with other acts: elsewhere, or marked as part of a scenario."""

from collections.abc import Callable
from dataclasses import replace

from data_generator.acts import Act, Answer, Pay, Spawn, Story
from data_generator.mix import Kind

Change = Callable[[Act], Act]


def retold(story: Story, change: Change) -> Story:
    """The same story, and all that start from it, each act changed by `change`."""
    answer: Answer | None = None
    while True:
        try:
            act = story.send(answer)
        except StopIteration:
            return
        answer = yield Spawn(retold(act.story, change)) if isinstance(act, Spawn) else change(act)


def marked(kind: Kind, scenario: str) -> Kind:
    """The same stories, whose payments name the scenario they are part of."""

    def mark(act: Act) -> Act:
        return replace(act, scenario=scenario) if isinstance(act, Pay) else act

    return replace(
        kind,
        tell=lambda world, rng, rider, pay_at_ms: retold(kind.tell(world, rng, rider, pay_at_ms), mark),
    )
