"""A scorer whose vectors say what it does with them; also the main of a child process with that model."""

import os
import sys
import time
from array import array
from pathlib import Path

from msgspec import Struct

from app.scorer_process import run
from domain.decision import Verdict
from domain.errors import ModelRefused

REFUSED, SLEEPS, DIES = 1.0, 2.0, 3.0  # the first value; of SLEEPS the second is how long, in seconds


def fine(value: float = 0.5) -> "array[float]":
    return array("f", [0.0, value])


def refused() -> "array[float]":
    return array("f", [REFUSED, 0.0])


def sleeps(seconds: float) -> "array[float]":
    return array("f", [SLEEPS, seconds])


def dies() -> "array[float]":
    return array("f", [DIES, 0.0])


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

    def score(self, vector: "array[float]") -> float:
        first, second = vector
        if first == REFUSED:
            raise ModelRefused("told to refuse")
        if first == SLEEPS:
            time.sleep(second)
        if first == DIES:
            os._exit(9)
        return second

    def contributions(self, vector: "array[float]") -> list[float]:
        return [*vector, 1 / 3]


def load(file: Path) -> ScriptedModel:
    if not file.exists():
        raise ModelRefused(f"There is no model in {file}. Train one.")
    if file.read_text() == "hang":
        time.sleep(60)
    return ScriptedModel(file)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:], load))
