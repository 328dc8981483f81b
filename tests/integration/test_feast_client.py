"""A plain Feast client, and the `feast` command, on what the writer wrote."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pandas as pd
import psycopg
import pytest
from event_factories import a_payment
from feast import FeatureStore
from feast_stores import counted
from feature_backends import Database, a_database, a_home, environment
from waiting import eventually

import feature_repo
from deploy.embedded import ports
from domain.display import MINUTE_MS
from domain.events import PaymentDecided, decode_event, encode_event, event_time_ms
from domain.feature_message import HistoryMessage
from domain.history import History, decode_history, encode_history
from domain.profile import Profile, encode_profile
from domain.ring import Ring, encode_ring
from feature_repo import archive_table
from feature_repo.apply import apply
from feature_repo.archive_folder import ArchiveFolder, Span
from feature_repo.online_rows import UPSERT, newest, read_statement, stored, upsert_parameters
from feature_repo.online_writer import history_row, watermark_row
from feature_repo.postgres_row_store import InFlightIsReadOnly
from feature_repo.views import BY_KIND, BY_NAME

REPOSITORY = Path(feature_repo.__file__).parent
FEAST = (Path(sys.executable).with_name("feast"), "-c", REPOSITORY)
KNOWN_MS = 1_790_000_000_000 // MINUTE_MS * MINUTE_MS
USER = History(version=9, known_at_ms=KNOWN_MS, tiles_1h=[1, 2, 3], card_ids=["card_a"], saturated=True)
CARD = History(version=4, known_at_ms=KNOWN_MS, lifetime_payments=3, device_ids=["dev_a", "dev_b"])
DEVICE = History(
    version=2, known_at_ms=KNOWN_MS, folded_slots=[7], folded_ids=[b"\x00\xff\x01\x02\x03\x04\x05\x06"]
)
ZONE = History(version=70, known_at_ms=KNOWN_MS, tiles_7d=[1, 2, 3, 4, 5, 6], positions=[1002, 17])
PROFILE = Profile(version=1, known_at_ms=KNOWN_MS, home_zone="zone_a", rating_centi=480)
RING = Ring(version=2, known_at_ms=KNOWN_MS, ring_id="ring_a", size=3, shared_cards=1, positions=[0, 7])
VALUES = {
    "user_history": USER,
    "card_history": CARD,
    "device_history": DEVICE,
    "zone_history": ZONE,
    "user_profile": PROFILE,
    "user_ring": RING,
}
ASKED = [
    {
        "card_id": "card_a",
        "user_id": "usr_a",
        "device_id": "dev_a",
        "zone_id": "zone_a",
        "pipeline": "features",
    }
]

ALL_HISTORIES = "select view, version, known_at from online_store where view like '%history' order by view"


def message(kind: str, entity_id: str, value: Any) -> HistoryMessage:
    encode: Any = {"profile": encode_profile, "ring": encode_ring}.get(kind, encode_history)
    return HistoryMessage(
        kind=kind,
        entity_id=entity_id,
        epoch=value.epoch,
        version=value.version,
        known_at_ms=value.known_at_ms,
        payload=encode(value),
    )


MESSAGES = (
    message("user", "usr_a", USER),
    message("card", "card_a", CARD),
    message("device", "dev_a", DEVICE),
    message("zone", "zone_a", ZONE),
    message("profile", "usr_a", PROFILE),
    message("ring", "usr_a", RING),
)


EARLIER = message("user", "usr_a", History(version=8, known_at_ms=KNOWN_MS - MINUTE_MS, tiles_1h=[1]))


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with a_home() as home, a_database(home) as database:
        env = database.env("faregate_writer") | {"FAREGATE_HOME": str(home.root)}
        with environment(env):
            assert apply(home.root) is True
            yield database


@pytest.fixture(scope="module")
def connection(database: Database) -> Iterator[psycopg.Connection]:
    with database.connect() as connection:
        yield connection


@pytest.fixture(scope="module")
def client(database: Database, connection: psycopg.Connection) -> Iterator[FeatureStore]:
    archive = ArchiveFolder(database.postgres.home.archive)
    for offset, told in enumerate((EARLIER, *MESSAGES)):
        view = BY_KIND[told.kind]
        span = Span(topic=f"features.{told.kind}.v1", partition=0, first=offset, last=offset)
        archive.add(view, "2026-09-21", span, partial(archive_table.write, view, [told], KNOWN_MS + 1))
    rows = [*map(history_row, MESSAGES), watermark_row(KNOWN_MS + 7)]
    connection.execute(UPSERT, upsert_parameters(newest(rows)))
    store = FeatureStore(repo_path=str(REPOSITORY))
    yield store
    asyncio.run(store.close())


def test_applying_again_changes_nothing(database: Database) -> None:
    assert apply(database.postgres.home.root) is False


@pytest.mark.parametrize("command", ["plan", pytest.param("apply", marks=pytest.mark.proof)])
def test_the_feast_command_finds_nothing_to_change(database: Database, command: str) -> None:  # noqa: ARG001
    told = run_feast(command)
    if command == "plan":
        assert "No changes to registry" in told


def run_feast(*arguments: str) -> str:
    done = subprocess.run([*FEAST, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_feature_service_reads_what_domain_decodes(client: FeatureStore) -> None:
    answer = ask_service(client)
    for view, value in VALUES.items():
        for field in value.__struct_fields__:
            assert answer[f"{view}__{field}"] == [getattr(value, field)], field
    assert answer["pipeline_watermark__low_watermark_ms"] == [KNOWN_MS + 7]


IN_FLIGHT = (
    a_payment(id="txn_a", at_ms=KNOWN_MS + 1),
    a_payment(id="txn_b", at_ms=KNOWN_MS + 9, user_id="usr_b", device_id="dev_b"),
    a_payment(id="txn_c", at_ms=KNOWN_MS + 5, card_id="card_b"),
)


@pytest.fixture
def in_flight(database: Database) -> Iterator[tuple[PaymentDecided, ...]]:
    """As the API writes them."""
    with database.connect("faregate_api") as api:
        for payment in IN_FLIGHT:
            row = (payment.id, payment.card_id, payment.user_id, payment.device_id)
            api.execute(
                "insert into inflight (transaction_id, card_id, user_id, device_id, at_ms, event)"
                " values (%s, %s, %s, %s, %s, %s)",
                (*row, event_time_ms(payment), encode_event(payment)),
            )
        yield IN_FLIGHT
        api.execute("delete from inflight")


def ask_service(client: FeatureStore) -> dict[str, list[Any]]:
    service = client.get_feature_service("transaction_scoring_v1")
    answer = client.get_online_features(features=service, entity_rows=ASKED, full_feature_names=True)
    found: dict[str, list[Any]] = answer.to_dict()
    return found


@pytest.mark.parametrize(
    ("view", "expected"),
    [("card", ["txn_a", "txn_b"]), ("user", ["txn_a", "txn_c"]), ("device", ["txn_a", "txn_c"])],
)
def test_the_feature_service_reads_what_is_in_flight(
    client: FeatureStore, in_flight: tuple[PaymentDecided, ...], view: str, expected: list[str]
) -> None:
    found = ask_service(client)
    payments = [payment for payment in in_flight if payment.id in expected]
    assert found[f"{view}_in_flight__transaction_ids"] == [expected]
    assert found[f"{view}_in_flight__at_ms"] == [[event_time_ms(payment) for payment in payments]]
    events = found[f"{view}_in_flight__events"][0]
    assert [decode_event(event, KNOWN_MS) for event in events] == payments


def test_the_feature_service_is_one_round_trip(
    client: FeatureStore, in_flight: tuple[PaymentDecided, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    statements = counted(monkeypatch)
    found = ask_service(client)
    assert len(statements) == 1
    assert len(found["card_in_flight__events"][0]) == 2
    assert len(in_flight) == 3


def test_nothing_in_flight_is_an_empty_list(client: FeatureStore) -> None:
    found = ask_service(client)
    assert found["card_in_flight__transaction_ids"] == found["user_in_flight__events"] == [[]]
    assert found["card_history__version"] == [4]


@pytest.mark.parametrize("role", ["faregate_writer", "faregate_learner"])
def test_who_reads_the_online_store_reads_what_is_in_flight(
    database: Database, in_flight: tuple[PaymentDecided, ...], role: str
) -> None:
    keys = [("card_history", "card_a"), ("card_in_flight", "card_a")]
    with database.connect(role) as connection:
        found = stored(keys, connection.execute(*read_statement(keys), binary=True))
    assert in_flight[0].id.encode() in found["card_in_flight", "card_a"][1]


def test_what_is_in_flight_cannot_be_written(client: FeatureStore) -> None:
    values = {"transaction_ids": [["txn_a"]], "events": [[b""]], "at_ms": [[1]]}
    now = [datetime.now(UTC)]
    row = {"card_id": ["card_a"], "event_timestamp": now, "created_timestamp": now, **values}
    with pytest.raises(InFlightIsReadOnly, match="card_in_flight"):
        client.write_to_online_store("card_in_flight", pd.DataFrame(row))


def test_history_is_read_as_it_was_known(client: FeatureStore) -> None:
    known = datetime.fromtimestamp(KNOWN_MS / 1000, UTC)
    asked = pd.DataFrame(
        {"user_id": "usr_a", "event_timestamp": [known - timedelta(seconds=1), known + timedelta(days=90)]}
    )
    features = ["user_history:version", "user_history:tiles_1h"]
    answer = client.get_historical_features(entity_df=asked, features=features).to_df()
    before, after = answer.sort_values("event_timestamp").to_dict("records")
    assert (before["version"], list(before["tiles_1h"])) == (8, [1])
    assert (after["version"], list(after["tiles_1h"])) == (9, [1, 2, 3])


def test_materializing_brings_back_what_the_online_store_lost(
    client: FeatureStore, connection: psycopg.Connection
) -> None:
    connection.execute("delete from online_store where view = 'card_history'")
    client.materialize_incremental(datetime(2026, 10, 1, tzinfo=UTC))
    ((version, payload),) = connection.execute(
        "select version, payload from online_store where view = 'card_history'"
    ).fetchall()
    assert version == 4
    assert decode_history(payload) == CARD


def test_the_feast_command_materializes_every_history(
    client: FeatureStore,  # noqa: ARG001 - its archive
    connection: psycopg.Connection,
) -> None:
    before = connection.execute(ALL_HISTORIES).fetchall()
    connection.execute("delete from online_store where view like '%history'")
    run_feast("materialize", "2026-09-01T00:00:00", "2026-10-01T00:00:00")
    assert connection.execute(ALL_HISTORIES).fetchall() == before
    assert len(before) == 4


@pytest.mark.proof
def test_feast_ui_serves_its_page_and_what_is_registered(database: Database) -> None:  # noqa: ARG001 - its environment
    port = ports.choose({}, {})["dashboard"]
    command = [*FEAST, "ui", "--host", ports.LOOPBACK, "--port", str(port)]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=quiet, stderr=quiet) as ui:
        try:
            eventually(lambda: ports.answers(port), within_s=60, what="feast ui")
            page, views = fetch(port, "/"), fetch(port, "/api/v1/feature_views?project=faregate")
        finally:
            ui.terminate()
    assert "<title>Feast" in page
    assert [name for name in BY_NAME if f'"{name}"' not in views] == []


def fetch(port: int, path: str) -> str:
    with urlopen(f"http://{ports.LOOPBACK}:{port}{path}", timeout=30) as answer:
        text: str = answer.read().decode()
    return text


def test_materializing_never_puts_older_over_newer(
    client: FeatureStore, connection: psycopg.Connection
) -> None:
    newer = message("user", "usr_a", History(version=10, known_at_ms=KNOWN_MS + 1))
    connection.execute(UPSERT, upsert_parameters([history_row(newer)]))
    client.materialize(
        datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC), feature_views=["user_history"]
    )
    read = client.get_online_features(features=["user_history:version"], entity_rows=[{"user_id": "usr_a"}])
    assert read.to_dict()["version"] == [10]
    connection.execute("delete from online_store where view = 'user_history'")
    connection.execute(UPSERT, upsert_parameters([history_row(MESSAGES[0])]))


def test_a_push_reaches_the_online_store(client: FeatureStore) -> None:
    values = {
        column.name: [BY_KIND["profile"].defaults[column.name]] for column in BY_KIND["profile"].columns
    }
    pushed = pd.DataFrame({**values, "user_id": ["usr_b"], "home_zone": ["zone_b"], "version": [1]})
    pushed["event_timestamp"] = pushed["created_timestamp"] = datetime.now(UTC)
    client.push("user_profile_push", pushed)
    read = client.get_online_features(features=["user_profile:home_zone"], entity_rows=[{"user_id": "usr_b"}])
    assert read.to_dict()["home_zone"] == ["zone_b"]
