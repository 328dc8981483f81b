"""The console in Debian's Chromium, over PostgreSQL."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from console_room import Conninfo, Console, add_staff, pg_variables, serving
from playwright.sync_api import Browser, sync_playwright

from deploy.bench.browser.chromium import FLAGS
from deploy.embedded import children
from deploy.embedded.home import Home
from deploy.embedded.postgres import Postgres

CHROMIUM = shutil.which("chromium")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if CHROMIUM is None:
        reason = "needs Debian's chromium on the PATH: `make browser` installs it"
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def address(
    home: Home, spawner: children.Spawner, postgres: Postgres, free_ports: dict[str, int]
) -> Iterator[str]:
    env = pg_variables(postgres.conninfo("faregate_console"))
    with serving(home, spawner, free_ports["dashboard"], env) as url:
        yield url


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield started
        started.close()


@pytest.fixture
def console(browser: Browser, address: str, conninfo: Conninfo) -> Iterator[Console]:
    add_staff(conninfo)
    made = Console(browser=browser, address=address, conninfo=conninfo)
    yield made
    for context in made.contexts:
        context.close()
    assert made.outside == []
