"""The console in Debian's Chromium, over PostgreSQL."""

from collections.abc import Iterator

import pytest
from console_room import Conninfo, Console, add_staff, pg_variables, serving
from playwright.sync_api import Browser

from deploy.embedded import children
from deploy.embedded.home import Home
from deploy.embedded.postgres import Postgres


@pytest.fixture(scope="session")
def address(
    home: Home, spawner: children.Spawner, postgres: Postgres, free_ports: dict[str, int]
) -> Iterator[str]:
    env = pg_variables(postgres.conninfo("faregate_console"))
    with serving(home, spawner, free_ports["dashboard"], env) as url:
        yield url


@pytest.fixture
def console(browser: Browser, address: str, conninfo: Conninfo) -> Iterator[Console]:
    add_staff(conninfo)
    made = Console(browser=browser, address=address, conninfo=conninfo)
    yield made
    for context in made.contexts:
        context.close()
    assert made.outside == []
