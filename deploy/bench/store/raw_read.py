"""The API's own read of histories, without the API."""

from contextlib import ExitStack
from functools import partial
from statistics import median
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from app.feature_reader import SERVER_OPTIONS
from app.queries import query as api_query
from deploy.bench.city.lived_city import LivedCity
from deploy.bench.store.scratch import SCHEMA
from deploy.bench.store.timing import seconds
from domain.events import encode_event, event_time_ms
from domain.online_store import VIEW_OF_KIND, WATERMARK_ENTITY, WATERMARK_VIEW

KEY_OF_KIND = {
    "card": "card_id",
    "user": "user_id",
    "device": "device_id",
    "zone": "zone_id",
    "profile": "user_id",
    "ring": "user_id",
}
VIEWS = [*(VIEW_OF_KIND[kind] for kind in KEY_OF_KIND), WATERMARK_VIEW]
WARM_UP = 20


def raw_reads(conninfo: str, city: LivedCity, reads: int) -> float:
    """Median milliseconds of the API's own statement, which also puts the payment among those in flight."""
    with ExitStack() as opened:
        scratch = make_conninfo(conninfo, options=f"-c search_path={SCHEMA},public {SERVER_OPTIONS}")
        connection = opened.enter_context(psycopg.connect(scratch, autocommit=True))
        cursor = opened.enter_context(connection.cursor(binary=True))
        times = []
        for number in range(WARM_UP + reads):
            read = partial(_arrive, cursor, _arrival(city, number))
            times.append(seconds(read) * 1e3)
            cursor.execute("delete from inflight")
        return median(times[WARM_UP:])


def _arrive(cursor: psycopg.Cursor[Any], arrival: dict[str, Any]) -> list[Any]:
    return cursor.execute(api_query("arrive"), arrival).fetchall()


def _arrival(city: LivedCity, number: int) -> dict[str, Any]:
    payment = city.payment(number)
    keys = city.keys(number)
    return {
        "transaction_id": payment.id,
        "card_id": payment.card_id,
        "user_id": payment.user_id,
        "device_id": payment.device_id,
        "at_ms": event_time_ms(payment),
        "event": encode_event(payment),
        "views": VIEWS,
        "entities": [*(keys[key] for key in KEY_OF_KIND.values()), WATERMARK_ENTITY],
    }
