"""Loopback ports for the parts of the stack: random at first, kept over restarts while they are free."""

import random
import socket
from collections.abc import Mapping

from deploy.embedded.errors import StackError

LOOPBACK = "127.0.0.1"
# Below Linux's range for outgoing connections, so that none of those takes a port between choice and use.
LOWEST, HIGHEST = 20_000, 32_000
NAMES = ("kafka", "kafka_controller", "postgres", "flink", "flink_rpc", "api", "dashboard")


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def answers(port: int, *, timeout_s: float = 0.2) -> bool:
    try:
        socket.create_connection((LOOPBACK, port), timeout_s).close()
    except OSError:
        return False
    return True


def choose(remembered: Mapping[str, int], wished: Mapping[str, int]) -> dict[str, int]:
    """A port for each part: the wished one, else the one of last time when free, else a random free one."""
    ports: dict[str, int] = {}
    for name in NAMES:
        wish = wished.get(name)
        if wish and not is_free(wish):
            raise StackError(
                f"Port {wish} for {name} is taken by another program. Stop it, or choose another port."
            )
        last = remembered.get(name)
        kept = last if last and last not in ports.values() and is_free(last) else None
        ports[name] = wish or kept or _random_free(set(ports.values()))
    return ports


def _random_free(taken: set[int]) -> int:
    for _ in range(200):
        port = random.randint(LOWEST, HIGHEST)
        if port not in taken and is_free(port):
            return port
    raise StackError(f"No free port between {LOWEST} and {HIGHEST} on {LOOPBACK}.")
