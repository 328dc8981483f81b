"""The whole API on a real database, called in this process."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import psycopg
import pytest
from event_factories import an_id
from factories import a_live_body
from msgspec import json

from app.access.gate import GateSettings
from app.access.keys import new_secret
from app.access.store import ensure_local_key
from app.assembly import api, now_ms
from app.deadline import Deadline
from app.metrics import Metrics
from app.rules.list_store import ListStore
from app.rules.store import RuleStore
from app.settings import ApiSettings
from domain.events import PaymentCorrected, PaymentDecided, PaymentOutcome, decode_event
from domain.online_store import encode_watermark
from domain.rules import Action, Mode, Rule

pytestmark = pytest.mark.anyio
JSON = {"Content-Type": "application/json"}
PATH = "/v1/transactions"
Rows = list[dict[str, Any]]
UNHURRIED = Deadline(total_s=1.0, assess_s=0.3)  # tests run on busy machines


@asynccontextmanager
async def called(
    conninfo: Callable[[str], str], host: Path, model_folder: Path | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    """The API on a host whose state is in `host`, called with a key of its own."""
    secret = new_secret()
    with psycopg.connect(conninfo("faregate_owner"), autocommit=True) as connection:
        ensure_local_key(connection, secret)
    settings = ApiSettings(
        deadline=UNHURRIED, gate=GateSettings(state_folder=host), model_folder=model_folder
    )
    async with (
        api(settings, Metrics(), conninfo("faregate_api")) as app,
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url="http://api",
            headers={"Authorization": f"Bearer {secret}"},
        ) as client,
    ):
        yield client


@pytest.fixture
async def http(conninfo: Callable[[str], str], tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with called(conninfo, tmp_path) as client:
        yield client


async def decide(http: httpx.AsyncClient, body: bytes, key: str | None = None) -> httpx.Response:
    return await http.post(PATH, content=body, headers={**JSON, "Idempotency-Key": key or an_id("key")})


async def until_kept(rows: Callable[[str], Rows]) -> Rows:
    """What was answered before PostgreSQL had it comes there in a moment."""
    with anyio.fail_after(10):
        while not (found := rows("decisions")):
            await anyio.sleep(0.02)
    return found


@pytest.fixture
def rows(conninfo: Callable[[str], str]) -> Callable[[str], Rows]:
    def fetch(table: str) -> Rows:
        with psycopg.connect(conninfo("faregate_console"), row_factory=psycopg.rows.dict_row) as connection:
            return connection.execute(f"select * from {table}".encode()).fetchall()  # noqa: S608 - our names

    return fetch


async def test_a_payment_its_outcome_and_their_events(
    http: httpx.AsyncClient, rows: Callable[[str], Rows]
) -> None:
    reply = (await decide(http, a_live_body(transaction_id="txn_a"))).json()
    report = {"outcome": "chargeback", "occurred_at": "2026-01-01T00:00:00Z", "reason_code": "10.4"}
    for _ in range(2):  # a caller that tries again
        assert (await http.post(f"{PATH}/txn_a/outcome", json=report)).status_code == 202

    [decision], [outcome] = rows("decisions"), rows("outcomes")
    assert (decision["transaction_id"], decision["decision_id"]) == ("txn_a", reply["decision_id"])
    assert (decision["rung"], decision["rung_reason"]) == ("R2", "no_watermark")
    assert outcome["transaction_id"] == "txn_a"
    decided_row, outcome_row = rows("outbox")
    decided = decode_event(decided_row["payload"], now_ms())
    happened = decode_event(outcome_row["payload"], now_ms())
    assert isinstance(decided, PaymentDecided)
    assert isinstance(happened, PaymentOutcome)
    assert (decided_row["topic"], outcome_row["topic"]) == ("payments.decisions.v1", "payments.labels.v1")
    assert decided_row["key"] == outcome_row["key"] == decided.user_id == happened.user_id == "usr_a"
    assert (happened.id, happened.card_id) == (outcome["outcome_id"], "card_a")

    record = (await http.get(f"/v1/decisions/{reply['decision_id']}")).json()
    assert record["reply"] == reply
    assert [kept["outcome"] for kept in record["outcomes"]] == ["chargeback"]


async def test_a_capture_of_another_amount_corrects_the_payment_once(
    http: httpx.AsyncClient, rows: Callable[[str], Rows]
) -> None:
    body = a_live_body(transaction_id="txn_a", amount_minor=1_850, promo_id="promo_first")
    await decide(http, body)
    report = {"outcome": "captured", "occurred_at": "2026-01-01T00:00:00Z", "amount_minor": 2_100}
    for _ in range(2):
        assert (await http.post(f"{PATH}/txn_a/outcome", json=report)).status_code == 202
    decided, captured, corrected = (decode_event(row["payload"], now_ms()) for row in rows("outbox"))
    assert isinstance(decided, PaymentDecided)
    assert isinstance(captured, PaymentOutcome)
    assert isinstance(corrected, PaymentCorrected)
    assert decided.promo_id == "promo_first"
    assert (captured.device_id, captured.pickup_zone) == (decided.device_id, decided.pickup_zone)
    assert corrected.paid_at == decided.event_time
    assert (corrected.before_minor, corrected.after_minor) == (1_850, 2_100)
    assert {(row["topic"], row["key"]) for row in rows("outbox")[1:]} == {("payments.labels.v1", "usr_a")}


async def test_the_same_body_again_gets_the_same_bytes(
    http: httpx.AsyncClient, rows: Callable[[str], Rows]
) -> None:
    body = a_live_body()
    first, again, under_another_key = [await decide(http, body, key) for key in ("key_a", "key_a", "key_b")]
    assert first.content == again.content == under_another_key.content
    replayed = [one.headers.get("Idempotency-Replayed") for one in (first, again, under_another_key)]
    assert replayed == [None, "true", "true"]
    changed = json.encode({**json.decode(body), "amount_minor": 1})
    refusals = [await decide(http, changed, key) for key in ("key_a", "key_c")]
    assert [one.status_code for one in refusals] == [422, 422]
    assert [one.json()["type"].rsplit("/", 1)[1] for one in refusals] == [
        "idempotency-key-reused",
        "transaction-changed",
    ]
    assert len(rows("decisions")) == len(rows("outbox")) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        a_live_body(amount_minor=-1),
        a_live_body(card_id="card_4111111111111111"),
        a_live_body(user_id="usr_\0"),
        b"[" * 30_000,
    ],
)
async def test_a_bad_body_stores_nothing(
    http: httpx.AsyncClient, rows: Callable[[str], Rows], body: bytes
) -> None:
    response = await decide(http, body)
    assert 400 <= response.status_code < 500
    assert rows("decisions") == rows("outbox") == []


async def test_histories_that_do_not_come_in_time_are_done_without(
    http: httpx.AsyncClient, conninfo: Callable[[str], str]
) -> None:
    with psycopg.connect(conninfo("faregate_owner")) as connection:
        connection.execute("lock table online_store in access exclusive mode")
        reply = (await decide(http, a_live_body())).json()
    assert (reply["rung"], reply["rung_reason"]) == ("R2", "histories_late")
    reply = (await decide(http, a_live_body())).json()
    assert reply["rung_reason"] == "no_watermark"


async def test_the_watermark_is_read_with_the_histories(
    http: httpx.AsyncClient, conninfo: Callable[[str], str]
) -> None:
    with psycopg.connect(conninfo("faregate_writer"), autocommit=True) as connection:
        connection.execute(
            "insert into online_store (view, entity_id, epoch, version, known_at, payload) "
            "values ('pipeline_watermark', 'features', 1, 1, now(), %s)",
            (encode_watermark(now_ms() - 700),),
        )
    reply = (await decide(http, a_live_body())).json()
    assert (reply["rung"], reply["rung_reason"]) == ("R2", "no_model")
    assert 700 <= reply["feature_age_ms"] < 5_000


async def test_a_ledger_that_takes_nothing_in_time_gets_the_row_later(
    http: httpx.AsyncClient, conninfo: Callable[[str], str], rows: Callable[[str], Rows]
) -> None:
    body = a_live_body()
    with psycopg.connect(conninfo("faregate_owner")) as connection:
        connection.execute("lock table decisions in access exclusive mode")
        response = await decide(http, body, "key_a")
        again = await decide(http, body, "key_a")
    assert (response.status_code, again.content) == (200, response.content)
    [kept] = await until_kept(rows)
    assert kept["reply"] == response.content


async def test_without_a_place_to_write_there_is_no_verdict(
    conninfo: Callable[[str], str], rows: Callable[[str], Rows], tmp_path: Path
) -> None:
    (tmp_path / "journal.sqlite").mkdir()  # nothing a journal can be kept in
    async with called(conninfo, tmp_path) as http:
        body = a_live_body()
        with psycopg.connect(conninfo("faregate_owner")) as connection:
            connection.execute("lock table decisions in access exclusive mode")
            response = await decide(http, body, "key_a")
        assert (response.status_code, response.headers["Retry-After"]) == (503, "1")
        assert (await decide(http, body, "key_a")).status_code == 200
    assert len(rows("decisions")) == 1


async def test_a_payment_that_cannot_be_put_in_flight_is_found_out(
    http: httpx.AsyncClient, conninfo: Callable[[str], str], rows: Callable[[str], Rows]
) -> None:
    with psycopg.connect(conninfo("faregate_owner"), autocommit=True) as connection:
        connection.execute("revoke insert on inflight from faregate_api")
        try:
            ready = (await http.get("/readyz")).json()
            reply = (await decide(http, a_live_body())).json()
        finally:
            connection.execute("grant insert on inflight to faregate_api")
    assert ready["status"] == "degraded"
    assert "permission denied" in ready["decision"]
    assert (reply["rung"], reply["rung_reason"]) == ("R2", "histories_unreadable")
    assert len(await until_kept(rows)) == 1


async def test_metrics_read_the_newest_parity_check(
    http: httpx.AsyncClient, conninfo: Callable[[str], str]
) -> None:
    with psycopg.connect(conninfo("faregate_learner"), autocommit=True) as connection:
        connection.execute("insert into parity_checks (decisions, as_known, with_hindsight) values (8, 8, 6)")
    text = (await http.get("/metrics")).text
    assert "faregate_parity_as_known_share 1.0" in text
    assert "faregate_parity_with_hindsight_share 0.75" in text


async def test_ready_is_found_out_by_writing(
    http: httpx.AsyncClient, conninfo: Callable[[str], str], rows: Callable[[str], Rows]
) -> None:
    response = await http.get("/readyz")
    assert (response.status_code, response.json()["status"]) == (200, "degraded")
    assert response.json()["model"].startswith("the registry has no champion")
    with psycopg.connect(conninfo("faregate_owner"), autocommit=True) as connection:
        connection.execute("revoke insert on outbox from faregate_api")
        try:
            response = await http.get("/readyz")
        finally:
            connection.execute("grant insert on outbox to faregate_api")
    assert (response.status_code, response.json()["status"]) == (503, "unready")
    assert "permission denied" in response.json()["ledger"]
    assert rows("outbox") == []


async def test_a_refused_model_is_told_and_done_without(
    conninfo: Callable[[str], str], tmp_path: Path
) -> None:
    (tmp_path / "signature.json").write_text("{}")
    async with called(conninfo, tmp_path, tmp_path) as http:
        ready = (await http.get("/readyz")).json()
        reply = (await decide(http, a_live_body())).json()
    assert ready["status"] == "degraded"
    assert ready["model"].startswith("refused: ")
    assert reply["rung"] == "R2"


async def test_a_rule_and_a_list_entry_decide_as_soon_as_they_are_there(
    http: httpx.AsyncClient, conninfo: Callable[[str], str]
) -> None:
    rule = Rule(
        rule_id="rule_a",
        version=1,
        expression="amount_minor > 100",
        action=Action.CHALLENGE,
        mode=Mode.LIVE,
        owner="ana",
    )
    with psycopg.connect(conninfo("faregate_console"), autocommit=True) as people:
        RuleStore(people).add(rule, by="ana")
        reply = await _decided_with(http, lambda reply: bool(reply["rules"]))
        assert (reply["verdict"], reply["rules"][0]["rule_id"]) == ("challenge", "rule_a")
        [entry] = ListStore(people).add("block", ["card_a"], by="ana")
    reply = await _decided_with(http, lambda reply: bool(reply["list_entry"]))
    assert (reply["verdict"], reply["list_entry"]["entry_id"]) == ("decline", entry.entry_id)
    assert reply["versions"]["lists"] > reply["versions"]["rules"] > 0


async def _decided_with(http: httpx.AsyncClient, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The first reply as wanted, within the second that a change may take (and some, on busy machines)."""
    with anyio.fail_after(5):
        while True:
            reply: dict[str, Any] = (await decide(http, a_live_body(transaction_id=an_id("txn")))).json()
            if wanted(reply):
                return reply
            await anyio.sleep(0.05)


async def test_why_is_told_from_the_ledger(http: httpx.AsyncClient) -> None:
    decided = await decide(http, a_live_body())
    why = (await http.get(f"/v1/decisions/{decided.json()['decision_id']}/why")).json()
    assert why["reply"] == decided.json()
    assert why["replay"] == {"same": True, "refused": None, "differs": None}
    assert (await http.get("/v1/decisions/dec_unknown/why")).status_code == 404
