"""What the server counted between two readings of its /metrics."""

import re
from collections.abc import Mapping
from typing import NamedTuple

import httpx

from deploy.embedded.errors import StackError

_LINE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="([^"]*)"')
STAGE_SUM = "faregate_stage_seconds_sum"
DECISIONS = "faregate_decisions_total"
OVERRUNS = "faregate_deadline_overruns_total"
WORKERS_READY = "faregate_workers_ready"

Series = tuple[str, tuple[tuple[str, str], ...]]


class ServerCounters(NamedTuple):
    values: Mapping[Series, float]

    def total(self, name: str) -> float:
        """Over all labels."""
        return sum(value for (series, _), value in self.values.items() if series == name)

    def by_label(self, name: str, label: str) -> dict[str, float]:
        found: dict[str, float] = {}
        for (series, labels), value in self.values.items():
            if series == name:
                each = dict(labels).get(label, "")
                found[each] = found.get(each, 0.0) + value
        return found

    def since(self, before: "ServerCounters") -> "ServerCounters":
        return ServerCounters(
            {key: value - before.values.get(key, 0.0) for key, value in self.values.items()}
        )


def parsed(page: str) -> ServerCounters:
    return ServerCounters(
        {(name, tuple(_LABEL.findall(labels))): float(value) for name, labels, value in _LINE.findall(page)}
    )


def read_counters(api: str, headers: Mapping[str, str]) -> ServerCounters:
    """Raises StackError when /metrics does not answer."""
    try:
        answer = httpx.get(f"{api}/metrics", headers=dict(headers), timeout=10, trust_env=False)
    except httpx.TransportError as error:
        raise StackError(f"{api}/metrics does not answer: {error}") from error
    if answer.status_code != 200:
        raise StackError(f"{api}/metrics answers {answer.status_code}: {answer.text[:200]}")
    return parsed(answer.text)


def stages_us(spent: ServerCounters, decisions: int) -> dict[str, float]:
    """Mean microseconds of each stage a decision."""
    sums = spent.by_label(STAGE_SUM, "stage")
    return {stage: round(seconds * 1e6 / max(decisions, 1), 1) for stage, seconds in sums.items() if stage}
