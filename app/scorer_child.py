"""The API's end of one scorer process: starts it, asks it by number, and ends it when it goes silent."""

import asyncio
import os
import socket
import subprocess
from array import array
from asyncio import Future, TimerHandle
from collections.abc import Callable, Sequence
from contextlib import suppress

from msgspec import MsgspecError

from app.scorer_messages import MOST_BYTES, Hello, Refusal, question, read_answer, read_greeting
from domain.errors import ModelRefused

START_S = 60.0  # to load its libraries, behind everybody else, on a busy machine
GENTLY = 19  # niceness
SILENCE_S = 2.0
END_S = 1.0  # from a kill to the end
REAP_S = 0.02
MOST_UNANSWERED = 256


class ScorerChild:
    """`command` gets three more arguments: an inherited socket, our process id, the niceness to load at.

    Used from one event loop. `on_end` is called once, with the reason, however the child ends. Raises
    ModelRefused when it cannot be started.
    """

    def __init__(self, command: Sequence[str], on_end: Callable[[str], None], niceness: int = 0) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_end = on_end
        self._greeting: Future[Hello] = self._loop.create_future()
        self._asked: dict[int, Future[array[float]]] = {}
        self._number = 0
        self._heard_at = self._loop.time()
        self._watch: TimerHandle | None = None
        self._process, self._socket = _spawned(command, niceness)
        self.running = True
        self._loop.add_reader(self._socket, self._read)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs, negative when a signal ended it; once looked at, the kernel forgets it."""
        return self._process.poll()

    async def hello(self) -> Hello:
        """Raises ModelRefused with what the child says, or when it says nothing."""
        try:
            async with asyncio.timeout(START_S):
                return await self._greeting
        except TimeoutError:
            self.end(f"it was not ready within {START_S:.0f} s")
            raise ModelRefused(f"the scorer was not ready within {START_S:.0f} s") from None

    def ask(self, values: "array[float]", *, explained: bool = True) -> "Future[array[float]]":
        """The probability and, explained, the contributions; raises ModelRefused when too many wait."""
        if len(self._asked) >= MOST_UNANSWERED:
            raise ModelRefused(f"the scorer has {MOST_UNANSWERED} payments to answer already")
        if not self._asked:
            self._heard_at = self._loop.time()
        self._number += 1
        self._send(question(self._number, values, explained=explained))
        asked = self._asked[self._number] = self._loop.create_future()
        if self._watch is None:
            self._watch = self._loop.call_later(SILENCE_S, self._look)
        return asked

    def give_up(self, asked: "Future[array[float]]") -> None:
        """TimeoutError for who asked, unless the answer lies there already."""
        self._read_all()
        if not asked.done():
            asked.set_exception(TimeoutError())

    def end(self, reason: str) -> None:
        if not self.running:
            return
        self.running = False
        self._loop.remove_reader(self._socket)
        self._socket.close()
        self._process.kill()
        if self._watch:
            self._watch.cancel()
        if not self._greeting.done():
            self._greeting.set_exception(ModelRefused(reason))
        for asked in self._asked.values():
            if not asked.done():
                asked.set_exception(ModelRefused(f"the scorer is gone: {reason}"))
        self._asked.clear()
        self._on_end(reason)

    async def gone(self) -> None:
        """As close, for who does not keep payments waiting."""
        self.end("not wanted")
        until = self._loop.time() + END_S
        while self._process.poll() is None and self._loop.time() < until:
            await asyncio.sleep(REAP_S)

    def close(self) -> None:
        self.end("closed")
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(END_S)

    def _send(self, message: bytes) -> None:
        try:
            self._socket.send(message)
        except BlockingIOError:
            raise ModelRefused("the scorer does not take questions as fast as they come") from None
        except OSError as error:
            self.end(f"it cannot be asked: {error}")
            raise ModelRefused(f"the scorer cannot be asked: {error}") from error

    def _read(self) -> bool:
        """Take one message; False when there is none."""
        if not self.running:
            return False
        try:
            message = self._socket.recv(MOST_BYTES)
        except BlockingIOError:
            return False
        except OSError:
            message = b""
        if not message:
            self.end("its process ended")
        elif self._greeting.done():
            self._heard(message)
        else:
            self._greeted(message)
        return True

    def _read_all(self) -> None:
        while self._read():
            pass

    def _greeted(self, message: bytes) -> None:
        try:
            said = read_greeting(message)
        except MsgspecError as error:
            self.end(f"its greeting cannot be read: {error}")
            return
        if isinstance(said, Refusal):
            self.end(said.text)
        else:
            self._greeting.set_result(said)

    def _heard(self, message: bytes) -> None:
        number, said = read_answer(message)
        self._heard_at = self._loop.time()
        asked = self._asked.pop(number, None)
        if asked is None or asked.done():  # nobody waits any more
            return
        if isinstance(said, str):
            asked.set_exception(ModelRefused(said))
        else:
            asked.set_result(said)

    def _look(self) -> None:
        """A child that was asked and says nothing is ended; what lies there unread is no silence."""
        self._watch = None
        self._read_all()
        if not self.running or not self._asked:
            return
        silent_s = self._loop.time() - self._heard_at
        if silent_s >= SILENCE_S:
            self.end(f"it said nothing for {SILENCE_S:.0f} s while asked")
        else:
            self._watch = self._loop.call_later(SILENCE_S - silent_s, self._look)


def _spawned(command: Sequence[str], niceness: int) -> "tuple[subprocess.Popen[bytes], socket.socket]":
    """The child ties itself to us: a hook between fork and exec would copy this whole process for it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setblocking(False)
    with theirs:
        try:
            process = subprocess.Popen(  # noqa: S603 - the command is our own
                [*command, str(theirs.fileno()), str(os.getpid()), str(niceness)],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
            )
        except OSError as error:
            ours.close()
            raise ModelRefused(f"the scorer cannot be started: {error}") from error
    return process, ours
