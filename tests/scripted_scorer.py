"""A scorer whose vectors say what it does with them; also the main of a child process with that model."""

import os
import sys
import threading
import time
from array import array
from pathlib import Path

from msgspec import Struct

from app.scorer_process import run
from domain.decision import Verdict
from domain.errors import ModelRefused

# The first value; of SLEEPS the second is how long, in seconds.
REFUSED, SLEEPS, DIES, COUNTS, NICENESS = 1.0, 2.0, 3.0, 4.0, 5.0


def fine(value: float = 0.5) -> "array[float]":
    return array("f", [0.0, value])


def refused() -> "array[float]":
    return array("f", [REFUSED, 0.0])


def sleeps(seconds: float) -> "array[float]":
    return array("f", [SLEEPS, seconds])


def dies() -> "array[float]":
    return array("f", [DIES, 0.0])


def counts() -> "array[float]":
    """Answered by how many scores were explained."""
    return array("f", [COUNTS, 0.0])


def niceness() -> "array[float]":
    """Answered by that of the thread which loaded the model."""
    return array("f", [NICENESS, 0.0])


class ScriptedThresholds(Struct, frozen=True):
    review: float = 0.5
    challenge: float = 0.7
    decline: float = 0.9

    def verdict(self, probability: float) -> Verdict:
        return Verdict.DECLINE if probability >= self.decline else Verdict.APPROVE


class ScriptedModel:
    """Its version stands in the file that is given as its folder, so that a test may change it."""

    kind = "compiled"
    thresholds = ScriptedThresholds()

    def __init__(self, file: Path | None = None) -> None:
        self.version = file.read_text() if file else "mdl_scripted"
        self.niceness = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
        self.explained = 0

    def score(self, vector: "array[float]") -> float:
        first, second = vector
        if first == REFUSED:
            raise ModelRefused("told to refuse")
        if first == SLEEPS:
            time.sleep(second)
        if first == DIES:
            os._exit(9)
        if first == COUNTS:
            return float(self.explained)
        if first == NICENESS:
            return float(self.niceness)
        return second

    def contributions(self, vector: "array[float]") -> list[float]:
        self.explained += 1
        return [*vector, 1 / 3]


def load(file: Path) -> ScriptedModel:
    if not file.exists():
        raise ModelRefused(f"There is no model in {file}. Train one.")
    if file.read_text() == "hang":
        time.sleep(60)
    return ScriptedModel(file)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:], load))
