from datetime import UTC, datetime
from pathlib import Path

from feature_factories import NOON_MS, history_message
from pyarrow import parquet

from domain.profile import Profile, encode_profile
from feature_repo import archive_table
from feature_repo.views import CARD, PROFILE


def test_a_file_holds_the_key_the_fields_and_both_times(tmp_path: Path) -> None:
    file = tmp_path / "cards.parquet"
    message = history_message(version=3, fields={"tiles_5m": [1, 2], "device_ids": ["dev_a"]})
    archive_table.write(CARD, [message], NOON_MS + 1, file)
    (row,) = parquet.read_table(file).to_pylist()
    assert (row["card_id"], row["version"], row["tiles_5m"], row["device_ids"]) == (
        "card_a", 3, [1, 2], ["dev_a"],
    )  # fmt: skip
    assert row["event_timestamp"] == datetime.fromtimestamp(NOON_MS / 1000, UTC)
    assert (row["created_timestamp"] - row["event_timestamp"]).total_seconds() == 0.001


def test_fields_left_out_of_the_payload_have_their_defaults() -> None:
    (row,) = archive_table.table(CARD, [history_message(version=0)], NOON_MS).to_pylist()
    assert (row["epoch"], row["version"], row["saturated"], row["user_ids"]) == (1, 0, False, [])


def test_many_rows_keep_their_order() -> None:
    messages = [history_message(f"card_{n}", n) for n in range(600)]
    assert archive_table.table(CARD, messages, NOON_MS)["version"].to_pylist() == list(range(600))


def test_no_rows_still_have_columns() -> None:
    empty = archive_table.table(PROFILE, [], 0)
    assert empty.num_rows == 0
    assert empty.column_names[:2] == ["user_id", "epoch"]


def test_profiles_have_their_own_columns() -> None:
    payload = encode_profile(Profile(home_zone="zone_a", rating_centi=480))
    message = history_message("usr_a", kind="profile", payload=payload)
    (row,) = archive_table.table(PROFILE, [message], NOON_MS).to_pylist()
    assert (row["user_id"], row["home_zone"], row["rating_centi"]) == ("usr_a", "zone_a", 480)
