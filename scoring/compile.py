"""XGBoost's trees as C, compiled; where no C compiler works, treelite's interpreter scores instead."""

import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import treelite
import xgboost

from scoring.signature import CHECKPOINT_FILE, LIBRARY_FILE, Kind

COMPILERS = ("gcc", "cc", "clang")
OPTIMISATION = "-O1"  # scores as fast as -O2 and -O3 do, and compiles in half the time
UNITS = 2
STEP_SECONDS_MAX = 120


class NotCompiled(Exception):
    """No library could be made; never leaves this module."""


@dataclass(frozen=True, kw_only=True)
class Compiled:
    kind: Kind
    compiler: str  # what built the library, or why none was built


def compile_model(booster: xgboost.Booster, folder: Path, *, quantise: bool = False) -> Compiled:
    """Write the treelite checkpoint, and the library where a C compiler works, into `folder`.

    `quantise` compares whole numbers instead of floats, after a search among each feature's borders.
    """
    treelite.frontend.from_xgboost(booster).serialize(folder / CHECKPOINT_FILE)
    try:
        compiler = _find_compiler()
        with tempfile.TemporaryDirectory(prefix="faregate-trees-") as sources:
            _generate(folder / CHECKPOINT_FILE, Path(sources), quantise=quantise)
            _build(compiler, Path(sources), folder / LIBRARY_FILE)
        return Compiled(kind="compiled", compiler=f"{_name_of(compiler)} {OPTIMISATION}")
    except NotCompiled as reason:
        (folder / LIBRARY_FILE).unlink(missing_ok=True)
        return Compiled(kind="interpreter", compiler=f"none: {reason}")


def _find_compiler() -> str:
    found = next((path for name in COMPILERS if (path := shutil.which(name))), None)
    if found is None:
        raise NotCompiled(f"no {', '.join(COMPILERS)} on PATH")
    return found


def _generate(checkpoint: Path, sources: Path, *, quantise: bool) -> None:
    command = [sys.executable, "-m", "scoring.generate_c", str(checkpoint), str(sources), str(UNITS)]
    _run_all([[*command, str(int(quantise))]], sources)


def _build(compiler: str, sources: Path, library: Path) -> None:
    units = sorted(path.stem for path in sources.glob("*.c"))
    _run_all([[compiler, OPTIMISATION, "-fPIC", "-std=c99", "-c", f"{unit}.c"] for unit in units], sources)
    _run_all([[compiler, "-shared", "-o", str(library), *(f"{unit}.o" for unit in units), "-lm"]], sources)


def _run_all(commands: list[list[str]], folder: Path) -> None:
    """Run the commands at once; what they say is kept for the error, if there is one."""
    said = [folder / f"{number}.said" for number in range(len(commands))]
    running = [_start(command, folder, path) for command, path in zip(commands, said, strict=True)]
    try:
        for process, path, command in zip(running, said, commands, strict=True):
            if process.wait(STEP_SECONDS_MAX) != 0:
                raise NotCompiled(f"{Path(command[0]).name} failed: {_gist(path)}")
    except subprocess.TimeoutExpired as error:
        raise NotCompiled(f"{error.cmd[0]} took more than {STEP_SECONDS_MAX} s") from error
    finally:
        for process in running:
            process.kill()
            process.wait()


def _start(command: list[str], folder: Path, said: Path) -> "subprocess.Popen[bytes]":
    with said.open("wb") as output:
        try:
            return subprocess.Popen(  # noqa: S603 - our own interpreter, or the C compiler on PATH
                command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            )
        except OSError as error:
            raise NotCompiled(f"{command[0]} cannot be run: {error.strerror}") from error


def _gist(said: Path) -> str:
    lines = said.read_text(errors="replace").strip().splitlines()
    return next((line for line in lines if "error" in line.lower()), lines[-1] if lines else "no message")


def _name_of(compiler: str) -> str:
    asked = [compiler, "-dumpfullversion"]
    version = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603
    return f"{Path(compiler).name} {version}".strip()
