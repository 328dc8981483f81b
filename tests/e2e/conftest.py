"""The whole stack, started once for all tests of this folder."""

import os
from collections.abc import Iterator

import pytest

from deploy.embedded.history import HistorySize
from deploy.embedded.home import temporary_home
from deploy.embedded.stack import Stack, StackOptions

PAST = HistorySize(payments=22_000)
UNHURRIED_MS = 250  # other tests' load must not decide these: benchmarks keep to the usual deadline


@pytest.fixture(scope="package")
def stack() -> Iterator[Stack]:
    """With a past and the model that learned from it; neither dashboard nor learner."""
    with temporary_home() as own:
        options = StackOptions(size=PAST, with_dashboard=False, with_learner=False, deadline_ms=UNHURRIED_MS)
        started = Stack(home=own, env=os.environ, options=options)
        started.start()
        try:
            yield started
        finally:
            started.stop()
