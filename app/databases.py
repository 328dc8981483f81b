"""The connections of one API process: pools, and prepared statements for what every payment asks."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from app import postgres
from app.feature_reader import ARRIVE, SERVER_OPTIONS
from app.ledger import RECORD
from app.prepared import Prepared, prepared


class Databases(NamedTuple):
    features: postgres.Pool
    ledger: postgres.Pool
    arrivals: Prepared
    records: Prepared


@asynccontextmanager
async def databases(conninfo: str, reading_s: float) -> AsyncIterator[Databases]:
    """Reading histories takes `reading_s` at most. Raises psycopg.OperationalError."""
    async with (
        postgres.pool(
            "features", conninfo=conninfo, patience_s=reading_s, server_options=SERVER_OPTIONS
        ) as features,
        postgres.pool("ledger", conninfo=conninfo, patience_s=2.0) as ledger,
        prepared(
            "arrivals", ARRIVE, conninfo=conninfo, patience_s=reading_s, server_options=SERVER_OPTIONS
        ) as arrivals,
        prepared("records", RECORD, conninfo=conninfo, patience_s=2.0) as records,
    ):
        yield Databases(features, ledger, arrivals, records)
