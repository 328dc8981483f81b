"""When silence counts as good; see docs/models.md."""

import os

from domain.display import DAY_MS
from domain.labels import MATURITY_DAYS


def read_ms() -> int:
    """As the learner is told by FAREGATE_MATURITY_S."""
    told = os.environ.get("FAREGATE_MATURITY_S", "")
    return 1000 * int(told) if told.isdecimal() else MATURITY_DAYS * DAY_MS
