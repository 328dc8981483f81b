"""`faregate simulate`: the simulated city rides and pays at the running stack."""

import logging
import os

from data_generator.live import Addresses, Past
from data_generator.live import main as live
from deploy.cli.running import running
from deploy.embedded import passwords
from deploy.embedded.errors import StackError
from deploy.embedded.history import Told
from deploy.embedded.home import Home


def simulate(
    home: Home, *, rate: float, seed: int, duration_s: float, time_scale: float, run_id: str | None
) -> None:
    """Rides on from the history that the stack was started with."""
    stack = running(home)
    told = Told.read(home)
    if told is None or stack.state != "ready":
        raise StackError(
            f"The stack on {home.root} is {stack.state}; wait until `faregate status` says ready."
        )
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    live(
        rate=rate,
        seed=seed,
        duration=duration_s or None,
        time_scale=time_scale,
        past=Past(seed=told.size.seed, riders=told.size.riders, payments=told.size.payments),
        run_id=run_id,
        addresses=Addresses(
            api_url=stack.urls["api"],
            kafka=stack.urls["kafka"],
            records=home.simulator,
            api_key=api_key(home),
        ),
    )


def tour(home: Home) -> int:
    """Pay once with each published test token; exit code 1 if one does not do what is published of it."""
    import asyncio

    return asyncio.run(_tour(running(home).urls["api"], api_key(home)))


async def _tour(url: str, key: str) -> int:
    from app.client import DecisionClient
    from data_generator.sandbox_tour import try_test_tokens

    wrong = 0
    async with DecisionClient(url, api_key=key) as client:
        async for tried in try_test_tokens(client):
            wrong += not tried.as_published
            note = "" if tried.as_published else f"   published: {tried.published}"
            print(f"{tried.token:<22} {tried.answered}{note}")
    return 1 if wrong else 0


def api_key(home: Home) -> str:
    return os.environ.get("FAREGATE_API_KEY") or passwords.load(home.secrets)[passwords.API_KEY]
