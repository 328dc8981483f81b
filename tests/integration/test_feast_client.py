"""A plain Feast client, and the `feast` command, on what the writer wrote."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import psycopg
import pytest
from feast import FeatureStore
from feature_backends import Database, a_database, a_home, environment

import feature_repo
from domain.display import MINUTE_MS
from domain.feature_message import HistoryMessage
from domain.history import History, decode_history, encode_history
from domain.profile import Profile, encode_profile
from feature_repo import archive_table
from feature_repo.apply import apply
from feature_repo.archive_folder import ArchiveFolder, Span
from feature_repo.online_rows import UPSERT, newest, upsert_parameters
from feature_repo.online_writer import history_row, watermark_row
from feature_repo.views import BY_KIND

REPOSITORY = Path(feature_repo.__file__).parent
KNOWN_MS = 1_790_000_000_000 // MINUTE_MS * MINUTE_MS
USER = History(version=9, known_at_ms=KNOWN_MS, tiles_1h=[1, 2, 3], card_ids=["card_a"], saturated=True)
CARD = History(version=4, known_at_ms=KNOWN_MS, lifetime_payments=3, device_ids=["dev_a", "dev_b"])
DEVICE = History(
    version=2, known_at_ms=KNOWN_MS, folded_slots=[7], folded_ids=[b"\x00\xff\x01\x02\x03\x04\x05\x06"]
)
ZONE = History(version=70, known_at_ms=KNOWN_MS, tiles_7d=[1, 2, 3, 4, 5, 6], positions=[1002, 17])
PROFILE = Profile(version=1, known_at_ms=KNOWN_MS, home_zone="zone_a", rating_centi=480)
VALUES = {
    "user_history": USER,
    "card_history": CARD,
    "device_history": DEVICE,
    "zone_history": ZONE,
    "user_profile": PROFILE,
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


def message(kind: str, entity_id: str, value: Any) -> HistoryMessage:
    encode = encode_profile if kind == "profile" else encode_history
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


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_the_feast_command_finds_nothing_to_change(database: Database, command: str) -> None:  # noqa: ARG001
    feast = Path(sys.executable).with_name("feast")
    done = subprocess.run([feast, "-c", REPOSITORY, command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    if command == "plan":
        assert "No changes to registry" in done.stdout


def test_the_feature_service_reads_what_domain_decodes(client: FeatureStore) -> None:
    service = client.get_feature_service("transaction_scoring_v1")
    answer = client.get_online_features(
        features=service, entity_rows=ASKED, full_feature_names=True
    ).to_dict()
    for view, value in VALUES.items():
        for field in value.__struct_fields__:
            assert answer[f"{view}__{field}"] == [getattr(value, field)], field
    assert answer["pipeline_watermark__low_watermark_ms"] == [KNOWN_MS + 7]


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
    client.materialize(datetime(2026, 9, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC))
    ((version, payload),) = connection.execute(
        "select version, payload from online_store where view = 'card_history'"
    ).fetchall()
    assert version == 4
    assert decode_history(payload) == CARD


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
