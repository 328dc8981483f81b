"""The whole API on a real database, called in this process."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from factories import a_live_body
from msgspec import json

from app.decide import Deadline
from app.main import api, now_ms
from app.settings import ApiSettings
from domain.events import PaymentCorrected, PaymentDecided, PaymentOutcome, decode_event
from domain.online_store import encode_watermark

pytestmark = pytest.mark.anyio
JSON = {"Content-Type": "application/json"}
PATH = "/v1/transactions"
Rows = list[dict[str, Any]]
UNHURRIED = ApiSettings(deadline=Deadline(total_s=1.0, assess_s=0.3))  # tests run on busy machines


@pytest.fixture
async def http(conninfo: Callable[[str], str]) -> AsyncIterator[httpx.AsyncClient]:
    async with api(UNHURRIED, conninfo("faregate_api")) as app:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
            yield client


@pytest.fixture
def rows(conninfo: Callable[[str], str]) -> Callable[[str], Rows]:
    def fetch(table: str) -> Rows:
        with psycopg.connect(conninfo("faregate_console"), row_factory=psycopg.rows.dict_row) as connection:
            return connection.execute(f"select * from {table}".encode()).fetchall()  # noqa: S608 - our names

    return fetch


async def test_a_payment_its_outcome_and_their_events(
    http: httpx.AsyncClient, rows: Callable[[str], Rows]
) -> None:
    reply = (await http.post(PATH, content=a_live_body(transaction_id="txn_a"), headers=JSON)).json()
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
    await http.post(PATH, content=body, headers=JSON)
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
    first, again = [await http.post(PATH, content=body, headers=JSON) for _ in range(2)]
    assert first.content == again.content
    changed = json.encode({**json.decode(body), "amount_minor": 1})
    assert (await http.post(PATH, content=changed, headers=JSON)).status_code == 409
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
    response = await http.post(PATH, content=body, headers=JSON)
    assert 400 <= response.status_code < 500
    assert rows("decisions") == rows("outbox") == []


async def test_histories_that_do_not_come_in_time_are_done_without(
    http: httpx.AsyncClient, conninfo: Callable[[str], str]
) -> None:
    with psycopg.connect(conninfo("faregate_owner")) as connection:
        connection.execute("lock table online_store in access exclusive mode")
        reply = (await http.post(PATH, content=a_live_body(), headers=JSON)).json()
    assert (reply["rung"], reply["rung_reason"]) == ("R2", "histories_late")
    reply = (await http.post(PATH, content=a_live_body(), headers=JSON)).json()
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
    reply = (await http.post(PATH, content=a_live_body(), headers=JSON)).json()
    assert (reply["rung"], reply["rung_reason"]) == ("R2", "no_model")
    assert 700 <= reply["feature_age_ms"] < 5_000


async def test_without_a_place_to_write_there_is_no_verdict(
    http: httpx.AsyncClient, conninfo: Callable[[str], str], rows: Callable[[str], Rows]
) -> None:
    body = a_live_body()
    with psycopg.connect(conninfo("faregate_owner")) as connection:
        connection.execute("lock table decisions in access exclusive mode")
        response = await http.post(PATH, content=body, headers=JSON)
    assert (response.status_code, response.headers["Retry-After"]) == (503, "1")
    assert rows("decisions") == rows("outbox") == []
    assert (await http.post(PATH, content=body, headers=JSON)).status_code == 200


async def test_a_payment_that_cannot_be_put_in_flight_is_found_out(
    http: httpx.AsyncClient, conninfo: Callable[[str], str], rows: Callable[[str], Rows]
) -> None:
    with psycopg.connect(conninfo("faregate_owner"), autocommit=True) as connection:
        connection.execute("revoke insert on inflight from faregate_api")
        try:
            ready = (await http.get("/readyz")).json()
            reply = (await http.post(PATH, content=a_live_body(), headers=JSON)).json()
        finally:
            connection.execute("grant insert on inflight to faregate_api")
    assert ready["status"] == "degraded"
    assert "permission denied" in ready["decision"]
    assert (reply["rung"], reply["rung_reason"]) == ("R2", "histories_unreadable")
    assert len(rows("decisions")) == 1


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
    assert response.json()["model"] == "FAREGATE_MODEL_DIR is not set"
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
    async with (
        api(ApiSettings(model_folder=tmp_path), conninfo("faregate_api")) as app,
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api") as client,
    ):
        ready = (await client.get("/readyz")).json()
        reply = (await client.post(PATH, content=a_live_body(), headers=JSON)).json()
    assert ready["status"] == "degraded"
    assert ready["model"].startswith("refused: ")
    assert reply["rung"] == "R2"
