"""What a benchmark is: a module with the names of one of these protocols."""

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from deploy.embedded.home import Home

Tell = Callable[[str], None]  # progress for people, on stderr
Result = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Target:
    """The stack that is measured."""

    home: Home
    pid: int  # its supervisor
    urls: Mapping[str, str]
    conninfo: Mapping[str, str] = field(repr=False)  # by database role
    api_key: str = field(default="", repr=False)


@runtime_checkable
class Benchmark(Protocol):
    SUMMARY: str

    def options(self, parser: ArgumentParser) -> None: ...

    def run(self, target: Target, chosen: Namespace, tell: Tell) -> Result: ...


class BenchmarkAlone(Protocol):
    """Brings the parts that it measures itself, and is measured before a whole stack starts."""

    SUMMARY: str

    def options(self, parser: ArgumentParser) -> None: ...

    def run_alone(self, chosen: Namespace, tell: Tell) -> Result: ...


def surroundings() -> Result:
    """The machine while measuring: without it a number says little."""
    return {"cores": os.cpu_count(), "load_average": [round(load, 2) for load in os.getloadavg()]}
