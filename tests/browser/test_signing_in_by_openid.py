"""Where an OpenID provider is set up, it says who somebody is, and our list whether they may come in."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from console_room import OWNER, Conninfo, Console, pg_variables, serving
from openid_provider import CLIENT, SECRET, provider
from playwright.sync_api import Browser, expect

from app.desk.people import Role
from app.desk.people_store import PeopleStore
from deploy.embedded import children
from deploy.embedded.home import Home

EMAIL = "eva@example.org"


@pytest.fixture
def console(
    *,
    conninfo: Conninfo,
    home: Home,
    spawner: children.Spawner,
    free_ports: dict[str, int],
    browser: Browser,
    tmp_path: Path,
) -> Iterator[Console]:
    port = free_ports["flink"]
    with provider(EMAIL) as openid:
        secrets = tmp_path / "secrets.toml"
        secrets.write_text(
            f'[auth]\nredirect_uri = "http://127.0.0.1:{port}/oauth2callback"\n'
            f'cookie_secret = "{"x" * 32}"\nclient_id = "{CLIENT}"\nclient_secret = "{SECRET}"\n'
            f'server_metadata_url = "{openid.url}/.well-known/openid-configuration"\n'
        )
        env = pg_variables(conninfo("faregate_console")) | {"STREAMLIT_SECRETS_FILES": str(secrets)}
        with serving(home, spawner, port, env) as address:
            made = Console(browser=browser, address=address, conninfo=conninfo)
            yield made
            for context in made.contexts:
                context.close()


def test_only_a_listed_address_comes_in(console: Console) -> None:
    page = console.opened()
    page.goto(console.address)
    page.get_by_role("button", name="Sign in with your organisation").click()
    expect(page.get_by_text(f"{EMAIL} may not work here")).to_be_visible()

    with psycopg.connect(console.conninfo(OWNER), autocommit=True) as connection:
        PeopleStore(connection).add("eva", name="Eva", role=Role.LEAD, email=EMAIL)
    page.reload()
    expect(page.get_by_text("Eva · lead").first).to_be_visible()
    told = console.rows("select action, details ->> 'how' from audit_trail where person_id = 'eva'")
    assert ("person.sign_in", "openid") in told
