"""The scorer as a process of its own, so that no payment waits while a model holds the API's interpreter.

One loop: a question, its answer. The API starts it, speaks with it over the socket that it inherits, and
takes it along when it ends. It holds the scorer and little else. It loads its model at a niceness of its own,
behind the decisions of other models, and answers as urgently as the API does.
"""

import ctypes
import gc
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
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
from domain.errors import ModelRefused, SettingMissing
from domain.model_key import model_key

if TYPE_CHECKING:
    from app.ports import Model

_PR_SET_PDEATHSIG = 1


def run(arguments: Sequence[str], load: "Callable[[Path], Model]") -> int:
    """`arguments`: the model's folder, the inherited socket, the parent's process id, the niceness."""
    folder, descriptor, parent, niceness = arguments
    stay_with(int(parent))
    with socket.socket(fileno=int(descriptor)) as api:
        try:
            model = loaded(load, Path(folder), int(niceness))
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


def loaded(load: "Callable[[Path], Model]", folder: Path, niceness: int) -> "Model":
    """Loads in a thread that is as nice as asked and ends: a process may not take niceness back."""
    with ThreadPoolExecutor(1, initializer=be_nice, initargs=(niceness,)) as thread:
        return thread.submit(load, folder).result()


def be_nice(niceness: int) -> None:
    """This thread alone; never more urgent than it was."""
    thread = threading.get_native_id()
    os.setpriority(os.PRIO_PROCESS, thread, max(niceness, os.getpriority(os.PRIO_PROCESS, thread)))


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
    number, explained, values = read_question(message)
    try:
        return answer(number, model.score(values), model.contributions(values) if explained else ())
    except (ModelRefused, ValueError, ArithmeticError) as error:
        return failure(number, str(error))


def _hello(model: "Model") -> Hello:
    thresholds = to_builtins(model.thresholds)
    return Hello(version=model.version, kind=model.kind, thresholds=thresholds)


def _load(folder: Path) -> "Model":
    # Read when the libraries are loaded: they would keep threads for matrices that nobody multiplies here.
    os.environ.update(dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1"))
    from scoring.scorer import Scorer

    try:
        return Scorer.load(folder, model_key(os.environ))
    except SettingMissing as error:
        raise ModelRefused(str(error)) from error


def main() -> int:
    return run(sys.argv[1:], _load)


if __name__ == "__main__":
    sys.exit(main())
