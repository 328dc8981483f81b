"""A process of the API as the registry sees it: it lives, and says of wished models if it can serve them."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg


def is_alive(owner: psycopg.Connection, process: str) -> None:
    owner.execute(
        "insert into api_processes values (%s, clock_timestamp())"
        " on conflict (process) do update set seen_at = excluded.seen_at",
        [process],
    )


def says(owner: psycopg.Connection, process: str, version: str, refused: str | None = None) -> None:
    owner.execute(
        "insert into model_readiness (process, version, refused) values (%s, %s, %s)"
        " on conflict (process, version) do update"
        " set refused = excluded.refused, told_at = clock_timestamp()",
        [process, version, refused],
    )


@contextmanager
def answering(conninfo: str, process: str, refused: str | None = None) -> Iterator[None]:
    """Within, this process answers each wish as soon as it is notified of it."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        is_alive(connection, process)
        connection.execute("listen models")
        ended = threading.Event()

        def serve() -> None:
            while not ended.is_set():
                for _ in list(connection.notifies(timeout=0.05, stop_after=1)):  # then the connection is free
                    for (version,) in connection.execute("select version from model_wishes").fetchall():
                        says(connection, process, version, refused)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
