"""The simulated analysts' keys, and their words through the API into the ledger."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from factories import a_live_body
from msgspec import structs

from app.access.gate import GateSettings
from app.access.keys import new_secret
from app.access.store import ensure_local_key, list_keys, revoke
from app.assembly import api
from app.client import ApiRefused, DecisionClient
from app.deadline import Deadline
from app.metrics import Metrics
from app.requests import read_transaction
from app.settings import ApiSettings
from data_generator.api_gateway import ApiGateway, ApiLabels
from deploy.cli.analyst_keys import ensure_analyst

Owner = psycopg.Connection[Any]
LOCAL = "fgk_thestacksown"


@pytest.fixture
def owner(conninfo: Callable[[str], str]) -> Iterator[Owner]:
    with psycopg.connect(conninfo("faregate_owner"), autocommit=True) as connection:
        yield connection


def test_each_analyst_has_one_key_that_may_only_label(owner: Owner) -> None:
    secrets = [ensure_analyst(owner, LOCAL, number) for number in (1, 2, 1, 2)]
    assert secrets[:2] == secrets[2:]
    assert secrets[0] != secrets[1]
    found = [(key.tenant, key.name, key.scopes, key.test) for key in list_keys(owner)]
    assert found == [("local", f"analyst-{number}", ["label"], False) for number in (1, 2)]


def test_a_revoked_analyst_comes_back_under_another_key(owner: Owner) -> None:
    first = ensure_analyst(owner, LOCAL, 1)
    revoke(owner, list_keys(owner)[0].key_id)
    second = ensure_analyst(owner, LOCAL, 1)
    assert second != first
    assert ensure_analyst(owner, LOCAL, 1) == second
    assert len(list_keys(owner)) == 2


def test_another_stack_has_other_secrets(owner: Owner) -> None:
    assert ensure_analyst(owner, LOCAL, 1) != ensure_analyst(owner, "fgk_another", 1)


@pytest.mark.anyio
async def test_the_ledger_tells_whose_word_a_label_is(
    owner: Owner, conninfo: Callable[[str], str], tmp_path: Path
) -> None:
    local = new_secret()
    ensure_local_key(owner, local)
    secrets = [ensure_analyst(owner, local, number) for number in (1, 2)]
    settings = ApiSettings(
        deadline=Deadline(total_s=1.0, assess_s=0.3), gate=GateSettings(state_folder=tmp_path)
    )
    asked = structs.replace(read_transaction(a_live_body()).transaction(), dropoff_zone="zone_c4")
    async with api(settings, Metrics(), conninfo("faregate_api")) as app:
        transport = httpx.ASGITransport(app)
        rider = DecisionClient("http://api", api_key=local, transport=transport)
        desks = [DecisionClient("http://api", api_key=secret, transport=transport) for secret in secrets]
        decision = await ApiGateway(rider).decide(asked)
        await ApiLabels(desks[0]).label(decision.decision_id, fraud=True)
        await ApiLabels(desks[1]).label(decision.decision_id, fraud=False)
        with pytest.raises(ApiRefused, match="404"):
            await ApiLabels(desks[0]).label("dec_unheardof", fraud=True)
        with pytest.raises(ApiRefused, match="403"):
            await ApiGateway(desks[0]).decide(asked)
    by = {key.key_id: key.name for key in list_keys(owner)}
    told = owner.execute("select labelled_by, label, why from labels order by label").fetchall()
    assert [(by[key_id], label) for key_id, label, _ in told] == [
        ("analyst-1", "fraud"),
        ("analyst-2", "good"),
    ]
    assert all(why for *_, why in told)
