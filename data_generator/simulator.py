"""The simulator's process: riders and analysts with connections to a running stack."""

import asyncio
import logging
import signal
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from data_generator.analysts import USUAL_STAFF, Analyst, Shift, Staff
from data_generator.live import Past, now_ms, run_live
from data_generator.pace import Pace
from data_generator.scenarios.programme import EVERYDAY, Programme
from data_generator.truth import TruthRecord

if TYPE_CHECKING:
    from app.client import DecisionClient


@dataclass(frozen=True, kw_only=True, slots=True)
class Addresses:
    """Where the stack listens, the keys it is called with, and the folder that the truth is written to.

    There is a key for each analyst, so that each word has its author.
    """

    api_url: str
    kafka: str
    records: Path
    api_key: str | None = None
    analyst_keys: tuple[str, ...] = ()


def main(
    *,
    rate: float,
    seed: int,
    duration: float | None,
    time_scale: float,
    past: Past,
    addresses: Addresses,
    run_id: str | None = None,
    programme: Programme = EVERYDAY,
    staff: Staff = USUAL_STAFF,
) -> Pace:
    """Simulate riders against a running stack until `duration` (seconds) or SIGTERM or SIGINT ends it.

    The truth goes to `records`/`run_id`.jsonl; without an id, one is made of the seed and the time. As many
    analysts work as there are keys for.
    """
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs every request
    path = addresses.records / f"{run_id or f'seed{seed}-{now_ms()}'}.jsonl"

    async def run() -> Pace:
        from data_generator.api_gateway import ApiGateway, ApiLabels
        from data_generator.event_sink import KafkaEventSink

        stop = asyncio.Event()
        for ending in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(ending, stop.set)
        async with AsyncExitStack() as open_things:
            client, *desks = [
                await open_things.enter_async_context(_client(addresses.api_url, key))
                for key in (addresses.api_key, *addresses.analyst_keys)
            ]
            analysts = [
                Analyst(number, ApiLabels(desk), staff, seed=seed, time_scale=time_scale)
                for number, desk in enumerate(desks, 1)
            ]
            return await run_live(
                rate=rate,
                seed=seed,
                duration=duration,
                client=ApiGateway(client),
                producer=KafkaEventSink(addresses.kafka),
                record=open_things.enter_context(TruthRecord(path)),
                past=past,
                time_scale=time_scale,
                stop=stop,
                programme=programme,
                shift=Shift(analysts),
            )

    return asyncio.run(run())


def _client(url: str, key: str | None) -> "DecisionClient":
    from app.client import DecisionClient
    from data_generator.keep_alive import KeepAliveTransport

    transport = KeepAliveTransport() if url.startswith("http://") else None
    return DecisionClient(url, api_key=key, transport=transport)
