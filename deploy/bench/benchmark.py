"""What a benchmark is: a module with these three names."""

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

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


class Benchmark(Protocol):
    SUMMARY: str

    def options(self, parser: ArgumentParser) -> None: ...

    def run(self, target: Target, chosen: Namespace, tell: Tell) -> Result: ...


def surroundings() -> Result:
    """The machine while measuring: without it a number says little."""
    return {"cores": os.cpu_count(), "load_average": [round(load, 2) for load in os.getloadavg()]}
