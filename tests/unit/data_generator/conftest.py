from collections.abc import Sequence

import pytest

from data_generator.history import SimulatedEvent, generate_history
from domain.events import PaymentDecided

END_MS = 1_790_000_000_123


@pytest.fixture(scope="session")
def history() -> Sequence[SimulatedEvent]:
    """A month of a smaller city."""
    return list(generate_history(7, 4_000, 30, 12_000, END_MS))


@pytest.fixture(scope="session")
def payments(history: Sequence[SimulatedEvent]) -> Sequence[SimulatedEvent]:
    return [simulated for simulated in history if isinstance(simulated.event, PaymentDecided)]
