"""`faregate learn`: the learner in this terminal, for the PG* database or the local stack's."""

import os
import sys
from collections.abc import Mapping
from typing import NoReturn

from deploy.cli.env import stack_environment
from deploy.cli.running import running
from deploy.embedded import passwords
from deploy.embedded.home import PROJECT, Home
from domain.errors import FaregateError
from domain.model_key import VARIABLE

ROLE = "faregate_learner"
UNITS_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


class TimeRefused(FaregateError):
    """A length of time that cannot be read."""


def learn(home: Home, env: Mapping[str, str], *, every_s: int, once: bool, maturity: str) -> NoReturn:
    """Becomes the learner, which the stack's own leaves its turn to while a round is at work."""
    told = environment(home, env) | {"FAREGATE_LEARN_EVERY_S": str(every_s)}
    if maturity:
        told["FAREGATE_MATURITY_S"] = str(seconds(maturity))
    arguments = [sys.executable, "-m", "scoring.learning", *(["--once"] if once else [])]
    os.chdir(PROJECT)
    os.execve(sys.executable, arguments, told)  # noqa: S606 - our own interpreter and module


def environment(home: Home, env: Mapping[str, str]) -> dict[str, str]:
    """What the learner reads; whatever `env` says itself stands. Raises StackError when no stack runs."""
    if env.get("PGHOST"):
        local = {}
    else:
        words = passwords.load(home.secrets)
        stack = stack_environment(home, running(home).urls["kafka"], ROLE)
        local = stack | {"PGPASSWORD": words[ROLE], VARIABLE: words[passwords.MODEL_KEY]}
    return local | {"FAREGATE_TRAINING_SET": str(home.training_set)} | dict(env)


def seconds(text: str) -> int:
    """Of "90d", "36h", "5m" or "130s"; a bare number is seconds. Raises TimeRefused."""
    number, unit = (text[:-1], text[-1:]) if text[-1:] in UNITS_S else (text, "s")
    if not number.isdecimal() or not int(number):
        raise TimeRefused(f"{text!r} is no length of time: write 90d, 36h, 5m or 130s.")
    return int(number) * UNITS_S[unit]
