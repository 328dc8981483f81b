"""Feast's own Postgres store against ours on the same rows, and a vector from the bytes that are stored.

Everything is in a schema of its own, which is gone afterwards; the stack's own rows are not touched.
"""

from argparse import ArgumentParser, Namespace
from functools import partial
from statistics import median
from time import time_ns

from deploy.bench.benchmark import Result, Target, Tell
from deploy.bench.city.lived_city import LivedCity
from deploy.bench.store.feast_client import OURS, THEIRS, Client, feast_client, feast_rows
from deploy.bench.store.raw_read import VIEWS, raw_reads
from deploy.bench.store.scratch import scratch_schema
from deploy.bench.store.stored_vectors import time_of_a_vector
from deploy.bench.store.timing import seconds
from deploy.embedded import passwords
from domain.catalogue import FEATURES

SUMMARY = "reads, writes and vectors of the feature store, beside Feast's own Postgres store"
COPIES = 5
IN_TURN = 20


def options(parser: ArgumentParser) -> None:
    parser.add_argument("--reads", type=int, default=300, help="reads of each store (300)")
    parser.add_argument("--batches", type=int, default=3, help="times that 600 rows are written (3)")
    parser.add_argument("--vectors", type=int, default=4_000, help="vectors made (4,000)")


def run(target: Target, chosen: Namespace, tell: Tell) -> Result:
    tell("Folding a month of riders, and a burst of payments just now")
    city = LivedCity(now_ms=time_ns() // 1_000_000)
    owner = target.conninfo[passwords.OWNER]
    with scratch_schema(owner), feast_client(target, THEIRS) as stock, feast_client(target, OURS) as ours:
        _fill((stock, ours), city)
        tell("Writing the same rows through both stores")
        stock_rows_s, ours_rows_s = _writes((stock, ours), city, chosen.batches)
        tell("Reading the same rows through both stores, and as the API does")
        stock_ms, ours_ms = _reads((stock, ours), city, chosen.reads)
        raw_ms = raw_reads(owner, city, chosen.reads)
    tell(f"Making vectors of {len(FEATURES)} features from stored bytes")
    return {
        "stock_read_p50_ms": round(stock_ms, 3),
        "ours_read_p50_ms": round(ours_ms, 3),
        "read_ratio": round(stock_ms / ours_ms, 2),
        "stock_write_rows_s": round(stock_rows_s),
        "ours_write_rows_s": round(ours_rows_s),
        "write_ratio": round(ours_rows_s / stock_rows_s, 1),
        "raw_key_read_p50_ms": round(raw_ms, 3),
        "vector_p50_us": round(time_of_a_vector(city, chosen.vectors), 1),
    }


def _fill(clients: tuple[Client, Client], city: LivedCity) -> None:
    for view in VIEWS:
        rows = feast_rows(clients[0], view, city)
        for client in clients:
            client.write(view, rows)


def _writes(clients: tuple[Client, Client], city: LivedCity, batches: int) -> tuple[float, float]:
    """Rows a second through each; every batch is told to both, one after the other.

    A row is a history: of cards, riders and devices, each under a few names, so that a batch is a usual one.
    """
    rows = {view: feast_rows(clients[0], view, city, COPIES) for view in VIEWS[:3]}
    spent = [0.0, 0.0]
    for _ in range(batches):
        for view, batch in rows.items():
            for number, client in enumerate(clients):
                spent[number] += seconds(partial(client.write, view, batch))
    written = batches * sum(map(len, rows.values()))
    return written / spent[0], written / spent[1]


def _reads(clients: tuple[Client, Client], city: LivedCity, reads: int) -> tuple[float, float]:
    """Median milliseconds of each, asked in turn.

    Not one by one: Feast remembers how to answer a request, but for one registry at a time.
    """
    times: tuple[list[float], list[float]] = ([], [])
    for begin in range(0, reads, IN_TURN):
        for client, taken in zip(clients, times, strict=True):
            client.read(city.keys(begin))
            for number in range(begin, begin + IN_TURN):
                taken.append(seconds(partial(client.read, city.keys(number))) * 1e3)
    return median(times[0]), median(times[1])
