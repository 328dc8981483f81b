"""`faregate simulate`: the simulated city rides and pays at the running stack."""

import logging
import os
from dataclasses import dataclass

from data_generator.analysts import Staff
from data_generator.live import Past
from data_generator.scenarios.programme import Programme
from data_generator.simulator import Addresses
from data_generator.simulator import main as live
from deploy.cli.analyst_keys import ensure_analyst
from deploy.cli.database import local_conninfo
from deploy.cli.running import running
from deploy.embedded import passwords
from deploy.embedded.errors import StackError
from deploy.embedded.history import Told
from deploy.embedded.home import Home


@dataclass(frozen=True, kw_only=True)
class Show:
    """What is simulated: payments a second and how long, which days, and who works the reviews."""

    rate: float
    seed: int
    duration_s: float
    time_scale: float
    run_id: str | None
    programme: Programme
    staff: Staff


def simulate(home: Home, show: Show) -> None:
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
        rate=show.rate,
        seed=show.seed,
        duration=show.duration_s or None,
        time_scale=show.time_scale,
        past=Past(seed=told.size.seed, riders=told.size.riders, payments=told.size.payments),
        run_id=show.run_id,
        programme=show.programme,
        staff=show.staff,
        addresses=Addresses(
            api_url=stack.urls["api"],
            kafka=stack.urls["kafka"],
            records=home.simulator,
            api_key=api_key(home),
            analyst_keys=analyst_keys(home, show.staff.analysts),
        ),
    )


def analyst_keys(home: Home, analysts: int) -> tuple[str, ...]:
    """A secret for each analyst, whose key is made if none of it lives; the same in every run of a home."""
    import psycopg

    if not analysts:
        return ()
    with psycopg.connect(local_conninfo(home, passwords.OWNER), autocommit=True) as connection:
        local = passwords.load(home.secrets)[passwords.API_KEY]
        return tuple(ensure_analyst(connection, local, number) for number in range(1, analysts + 1))


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
