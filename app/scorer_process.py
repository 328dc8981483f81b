"""The scorer as a process of its own, so that no payment waits while a model holds the API's interpreter.

One loop: a question, its answer. The API starts it, speaks with it over the socket that it inherits, and
takes it along when it ends. It holds the scorer and little else.
"""

import ctypes
import gc
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import to_builtins

from app.scorer_messages import (
    LONGEST_TEXT,
    MOST_BYTES,
    Hello,
    Refusal,
    answer,
    failure,
    greeting,
    read_question,
)
from domain.errors import ModelRefused

if TYPE_CHECKING:
    from app.ports import Model

_PR_SET_PDEATHSIG = 1


def run(arguments: Sequence[str], load: "Callable[[Path], Model]") -> int:
    """`arguments`: the model's folder, the number of the inherited socket, the parent's process id."""
    folder, descriptor, parent = arguments
    stay_with(int(parent))
    with socket.socket(fileno=int(descriptor)) as api:
        try:
            model = load(Path(folder))
        except ModelRefused as error:
            api.send(greeting(Refusal(text=str(error)[:LONGEST_TEXT])))
            return 1
        gc.collect()
        gc.freeze()  # what stands now stays: later collections need not look at it
        try:
            api.send(greeting(_hello(model)))
            answer_all(api, model)
        except ConnectionError:
            return 0  # the API ended between its question and our answer
    return 0


def stay_with(parent: int) -> None:
    """End when the parent does and not before: after a signal to all it may still have payments to decide."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it ended before that
        os._exit(1)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def answer_all(api: socket.socket, model: "Model") -> None:
    """Until the other end is closed."""
    while message := api.recv(MOST_BYTES):
        api.send(_answered(model, message))


def _answered(model: "Model", message: bytes) -> bytes:
    number, values = read_question(message)
    try:
        return answer(number, model.score(values), model.contributions(values))
    except (ModelRefused, ValueError, ArithmeticError) as error:
        return failure(number, str(error))


def _hello(model: "Model") -> Hello:
    thresholds = to_builtins(model.thresholds)
    return Hello(version=model.version, kind=model.kind, thresholds=thresholds)


def _load(folder: Path) -> "Model":
    # Read when the libraries are loaded: they would keep threads for matrices that nobody multiplies here.
    os.environ.update(dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1"))
    from scoring.scorer import Scorer

    return Scorer.load(folder)


def main() -> int:
    return run(sys.argv[1:], _load)


if __name__ == "__main__":
    sys.exit(main())
