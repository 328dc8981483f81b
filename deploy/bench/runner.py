"""Finds benchmarks, gives each a running stack, and prints its result as the last line of stdout."""

import json
import os
import signal
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from pkgutil import iter_modules
from typing import NoReturn, cast

from rich.console import Console

from deploy.bench.benchmark import Benchmark, BenchmarkAlone, Result, Target, Tell, surroundings
from deploy.cli.up import ProgressLines
from deploy.embedded import passwords, status
from deploy.embedded.errors import StackError
from deploy.embedded.history import HistorySize
from deploy.embedded.home import Home, read_json, temporary_home
from deploy.embedded.postgres import Postgres
from deploy.embedded.stack import Stack, StackOptions

FRAME = ("benchmark", "runner")  # what belongs to several benchmarks is in packages
SMALL_HISTORY = HistorySize(payments=8_000, riders=1_000)


def names() -> list[str]:
    import deploy.bench

    found = (module.name for module in iter_modules(deploy.bench.__path__) if not module.ispkg)
    return sorted(name.replace("_", "-") for name in found if name not in FRAME)


def load(name: str) -> Benchmark | BenchmarkAlone:
    if name not in names():
        raise StackError(f"There is no benchmark {name}. There are: {', '.join(names())}, and `all`.")
    return cast("Benchmark | BenchmarkAlone", import_module(f"deploy.bench.{name.replace('-', '_')}"))


def run(name: str, arguments: Sequence[str], home: Home, env: Mapping[str, str]) -> int:
    signal.signal(signal.SIGTERM, _leave)
    if name in ("list", "--help"):
        for known in names():
            print(f"{known:<12} {load(known).SUMMARY}")
        return 0
    chosen = names() if name == "all" else [name]
    benchmarks = {each: load(each) for each in chosen}
    parsers = {each: _parser(each, benchmark) for each, benchmark in benchmarks.items()}
    parsed = {
        each: parser.parse_args([] if name == "all" else list(arguments)) for each, parser in parsers.items()
    }
    console = Console(stderr=True)
    results: dict[str, Result] = {}

    def keep(each: str, measure: Callable[[Tell], Result]) -> None:
        console.rule(each)
        found = measure(lambda text: console.print(text, highlight=False))
        results[each] = {"bench": each, **found, **surroundings()}
        print(json.dumps(results[each]), flush=True)

    beside = {each: benchmark for each, benchmark in benchmarks.items() if isinstance(benchmark, Benchmark)}
    for each, benchmark in benchmarks.items():
        if not isinstance(benchmark, Benchmark):
            keep(each, partial(benchmark.run_alone, parsed[each]))
    if beside:
        with target(home, env, console) as stack:
            for each, benchmark in beside.items():
                keep(each, partial(benchmark.run, stack, parsed[each]))
    if name == "all":
        print(json.dumps({"bench": "all", "results": results, **surroundings()}))
    return 0


def _leave(*_: object) -> NoReturn:
    """As by ctrl-C: what was started or held still is put right on the way out."""
    raise SystemExit(128 + signal.SIGTERM)


def _parser(name: str, benchmark: Benchmark | BenchmarkAlone) -> ArgumentParser:
    parser = ArgumentParser(prog=f"faregate bench {name}", description=benchmark.SUMMARY)
    benchmark.options(parser)
    return parser


@contextmanager
def target(home: Home, env: Mapping[str, str], console: Console) -> Iterator[Target]:
    """The stack that is up, left as it is; else one of our own on a temporary home."""
    living = status.living(home)
    if living:
        console.print(f"Measuring the stack on {home.root}", highlight=False)
        yield _target(home, living.pid, living.urls)
        return
    console.print("Nothing is up: starting a stack for this measurement")
    with temporary_home() as own:
        stack = Stack(home=own, env=env, options=StackOptions(size=SMALL_HISTORY, with_learner=False))
        stack.start(ProgressLines(console))
        try:
            yield _target(own, os.getpid(), stack.urls)
        finally:
            stack.stop()


def _target(home: Home, pid: int, urls: Mapping[str, str]) -> Target:
    known = passwords.load(home.secrets)
    postgres = Postgres(home=home, port=read_json(home.addresses)["ports"]["postgres"], passwords=known)
    conninfo = {role: postgres.conninfo(role) for role in passwords.ROLES}
    return Target(home=home, pid=pid, urls=urls, conninfo=conninfo, api_key=known[passwords.API_KEY])
