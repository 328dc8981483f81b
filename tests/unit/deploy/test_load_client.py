"""The load client against a server of a few lines, which does as it is told."""

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from deploy.bench.load.connections import NO_ANSWER, Call, Connections
from deploy.bench.load.loops import Due, closed_loop, open_loop
from deploy.bench.load.wire import LONGEST_ANSWER, Answered, Unreadable, answer_in, post

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
CALL = Call("decision", post("/v1/transactions", b"{}", "api", {}))
Answer = Callable[[int, socket.socket], None]


def say(answer: bytes) -> Answer:
    return lambda _, line: line.sendall(answer)


class Server:
    """Gives each request, counted from 0, to `answer`."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._lines: list[socket.socket] = []
        self.requests = 0
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._listening.getsockname()[1])

    @property
    def lines(self) -> int:
        return len(self._lines)

    def _accept(self) -> None:
        while True:
            try:
                line, _ = self._listening.accept()
            except OSError:
                return
            self._lines.append(line)
            threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        try:
            while line.recv(65_536):
                number, self.requests = self.requests, self.requests + 1
                self._answer(number, line)
        except OSError:
            return

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        for each in (self._listening, *self._lines):
            each.close()


@pytest.fixture
def serve() -> Iterator[Callable[..., tuple[Server, Connections]]]:
    closing: list[Server | Connections] = []

    def made(answer: Answer, most: int = 8) -> tuple[Server, Connections]:
        server = Server(answer)
        connections = Connections("127.0.0.1", server.port, most)
        closing.extend((connections, server))
        return server, connections

    yield made
    for each in closing:
        each.close()


Serve = Callable[..., tuple[Server, Connections]]


def test_a_request_is_whole() -> None:
    request = post("/echo", b'{"a":1}', "api:80", {"Idempotency-Key": "key_a"})
    head, _, body = request.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"POST /echo HTTP/1.1"
    assert {b"Host: api:80", b"Idempotency-Key: key_a", b"Content-Length: 7"} <= set(lines)
    assert body == b'{"a":1}'


@pytest.mark.parametrize("cut", [0, 5, 20, len(OK) - 1])
def test_a_part_of_an_answer_is_waited_for(cut: int) -> None:
    assert answer_in(OK[:cut]) is None


def test_a_whole_answer_is_taken() -> None:
    assert answer_in(OK) == Answered(200, b"ok", False)
    closing = b"HTTP/1.1 503 no\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    assert answer_in(closing) == Answered(503, b"", True)


@pytest.mark.parametrize(
    "received",
    [
        b"SSH-2.0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: two\r\n\r\n",
        OK + b"more",
        b"x" * (LONGEST_ANSWER + 1),
    ],
    ids=["not HTTP", "no length", "a word for a length", "too much", "too long"],
)
def test_what_is_no_answer_is_refused(received: bytes) -> None:
    with pytest.raises(Unreadable):
        answer_in(received)


def test_calls_are_sent_when_they_are_due(serve: Serve) -> None:
    server, connections = serve(say(OK))
    measured = open_loop(connections, [Due(number / 100, CALL) for number in range(30)])
    assert server.requests == 30
    assert [outcome.status for outcome in measured.outcomes] == [200] * 30
    dues = [outcome.due for outcome in measured.outcomes]
    assert dues[-1] - dues[0] == pytest.approx(0.29)
    assert measured.seconds >= 0.29


def test_bodies_are_kept_only_for_who_looks_at_them(serve: Serve) -> None:
    _, connections = serve(say(OK))
    measured = open_loop(connections, [Due(0.0, CALL), Due(0.1, CALL._replace(keeps_body=False))])
    assert [outcome.body for outcome in measured.outcomes] == [b"ok", b""]


def test_a_slow_answer_holds_nobody_up(serve: Serve) -> None:
    def slowly(number: int, line: socket.socket) -> None:
        time.sleep(0.3 if number == 0 else 0.0)
        line.sendall(OK)

    _, connections = serve(slowly)
    measured = open_loop(connections, [Due(number / 100, CALL) for number in range(10)])
    slow = [outcome for outcome in measured.outcomes if outcome.seconds > 0.25]
    assert len(slow) == 1


def test_waiting_for_a_free_connection_counts_as_waiting(serve: Serve) -> None:
    def slowly(_: int, line: socket.socket) -> None:
        time.sleep(0.1)
        line.sendall(OK)

    _, connections = serve(slowly, most=1)
    measured = open_loop(connections, [Due(0.0, CALL)] * 3)
    assert [outcome.status for outcome in measured.outcomes] == [200] * 3
    assert measured.outcomes[-1].seconds > 0.29


def test_a_kept_connection_that_ended_meanwhile_costs_a_new_one(serve: Serve) -> None:
    def once(_: int, line: socket.socket) -> None:
        line.sendall(OK)
        line.shutdown(socket.SHUT_RDWR)

    server, connections = serve(once, most=1)
    measured = open_loop(connections, [Due(number / 20, CALL) for number in range(4)])
    assert [outcome.status for outcome in measured.outcomes] == [200] * 4
    assert server.lines == 4


def test_an_answer_that_says_close_is_believed(serve: Serve) -> None:
    server, connections = serve(say(OK.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n")), most=1)
    measured = open_loop(connections, [Due(number / 20, CALL) for number in range(3)])
    assert [outcome.status for outcome in measured.outcomes] == [200] * 3
    assert server.lines == 3


def test_a_connection_that_dies_with_half_an_answer_is_a_failure(serve: Serve) -> None:
    def half(_: int, line: socket.socket) -> None:
        line.sendall(OK[:10])
        line.shutdown(socket.SHUT_RDWR)

    _, connections = serve(half)
    measured = open_loop(connections, [Due(0.0, CALL)])
    assert [outcome.status for outcome in measured.outcomes] == [NO_ANSWER]


def test_silence_is_a_failure_after_a_while(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploy.bench.load.connections.PATIENCE_S", 0.2)
    _, connections = serve(lambda *_: None)
    measured = open_loop(connections, [Due(0.0, CALL)])
    assert [outcome.status for outcome in measured.outcomes] == [NO_ANSWER]
    assert 0.2 < measured.outcomes[0].seconds < 2


def test_without_a_server_it_says_so_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with pytest.raises(ConnectionRefusedError):
        open_loop(Connections("127.0.0.1", port), [Due(0.0, CALL)])


def test_a_closed_loop_keeps_so_many_under_way(serve: Serve) -> None:
    waiting: list[int] = []
    server_lock = threading.Lock()
    under_way = 0

    def counted(_: int, line: socket.socket) -> None:
        nonlocal under_way
        with server_lock:
            under_way += 1
            waiting.append(under_way)
        time.sleep(0.01)
        with server_lock:
            under_way -= 1
        line.sendall(OK)

    _, connections = serve(counted)
    measured = closed_loop(connections, [CALL] * 40, at_once=4, seconds=10)
    assert len(measured.outcomes) == 40
    assert max(waiting) == 4


def test_a_closed_loop_ends_in_time(serve: Serve) -> None:
    _, connections = serve(say(OK))
    measured = closed_loop(connections, iter(lambda: CALL, None), at_once=2, seconds=0.3)
    assert 0.3 <= measured.seconds < 2
    assert connections.unanswered == 0
