"""Tables like the stack's own, empty, in a schema that is gone afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

SCHEMA = "bench_features"  # named in these statements too
MAKE_SCHEMA = (
    "create schema bench_features",
    "create table bench_features.online_store (like public.online_store including all)",
    "create unlogged table bench_features.inflight (like public.inflight including all)",
)
REMOVE_SCHEMA = "drop schema if exists bench_features cascade"


@contextmanager
def scratch_schema(conninfo: str) -> Iterator[None]:
    with psycopg.connect(conninfo, autocommit=True) as owner:
        for statement in (REMOVE_SCHEMA, *MAKE_SCHEMA):
            owner.execute(statement)
        try:
            yield
        finally:
            owner.execute(REMOVE_SCHEMA)
