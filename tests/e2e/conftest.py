"""The whole stack, started once for all tests of this folder."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from data_generator.history import generate_history
from deploy.embedded import passwords
from deploy.embedded.history import HistorySize
from deploy.embedded.home import Home, temporary_home
from deploy.embedded.stack import Stack, StackOptions
from domain.events import to_ms
from flink_jobs.replay import build_training_set
from scoring.train import train

PAST = HistorySize(payments=3_000, riders=2_500)
LONGER_PAST = HistorySize(payments=12_000, riders=10_000)
ITS_END_MS = to_ms(datetime(2026, 11, 1, tzinfo=UTC))
UNHURRIED = {
    "FAREGATE_DEADLINE_MS": "250"
}  # other tests' load must not decide these: benchmarks keep to the usual deadline


@pytest.fixture(scope="package")
def stack() -> Iterator[Stack]:
    """With a past and a model that learned from a longer one; neither dashboard nor learner."""
    with temporary_home() as own:
        put_model(own)
        options = StackOptions(size=PAST, with_dashboard=False, with_learner=False)
        started = Stack(home=own, env={**os.environ, **UNHURRIED}, options=options)
        started.start()
        try:
            yield started
        finally:
            started.stop()


def put_model(home: Home) -> None:
    """Found by the start, which trains none then: its own past is short, so that it is soon told."""
    home.make()
    passwords.load(home.secrets)
    size = LONGER_PAST
    events = generate_history(size.seed, size.riders, size.days, size.payments, ITS_END_MS)
    build_training_set(events, home.training_set)
    train(home.training_set, home.model, key=passwords.model_key(home), on_progress=lambda _: None)
