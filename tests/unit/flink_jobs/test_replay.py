from math import isnan
from pathlib import Path
from typing import NamedTuple

import pytest
from event_factories import NOW_MS, a_history, a_payment, an_account
from pyarrow import parquet

from domain.catalogue import FEATURE_NAMES
from domain.display import HOUR_MS, MINUTE_MS
from domain.events import Event, event_time_ms
from domain.platform import pulse_of
from domain.profile import fold_profile
from domain.ring import Ring
from domain.vector import observe, vector
from flink_jobs.replay import KEY_COLUMNS, Replay, build_training_set, transaction_of


class Past(NamedTuple):
    event: Event
    fraud: str | None = None


ACCOUNT = an_account(at_ms=NOW_MS - 2 * HOUR_MS)
FIRST = a_payment(at_ms=NOW_MS - HOUR_MS, amount_minor=900)
SECOND = a_payment(at_ms=NOW_MS, amount_minor=7_000)


def test_a_payment_is_seen_with_what_was_known_before_it() -> None:
    replay = Replay()
    seen = [replay.take(event, event_time_ms(event)) for event in (ACCOUNT, FIRST, SECOND)]
    moment = observe(
        card=a_history("card", FIRST),
        user=a_history("user", FIRST),
        device=a_history("device", ACCOUNT, FIRST),
        zone=a_history("zone", FIRST),
        pulse=pulse_of([a_history("zone", FIRST)], NOW_MS),
        profile=fold_profile(None, ACCOUNT, event_time_ms(ACCOUNT)),
        ring=Ring(),
        transaction=transaction_of(SECOND),
        as_of_ms=NOW_MS,
    )
    assert seen[0] is None
    assert seen[2] is not None
    assert seen[2].vector.tobytes() == vector(moment).tobytes()


def test_a_repeat_changes_nothing_for_those_after_it() -> None:
    once, twice = Replay(), Replay()
    for replay, stream in ((once, [FIRST]), (twice, [FIRST, FIRST])):
        for event in stream:
            replay.take(event, event_time_ms(event))
    seen = [replay.take(SECOND, NOW_MS) for replay in (once, twice)]
    assert seen[0] is not None
    assert seen[1] is not None
    assert seen[0].vector.tobytes() == seen[1].vector.tobytes()


def test_a_ring_is_that_of_the_links_told_before() -> None:
    replay = Replay()
    seen = [
        replay.take(event, event_time_ms(event))
        for event in (FIRST, SECOND, a_payment(at_ms=NOW_MS + 1, user_id="usr_b", device_id="dev_b"), SECOND)
    ]
    sizes = [each.vector[FEATURE_NAMES.index("ring_size")] for each in seen if each]
    assert isnan(sizes[0])
    assert sizes[1] == 1
    assert isnan(sizes[2])  # usr_b was never heard of before
    assert sizes[3] == 2


def test_a_transaction_is_asked_for_when_it_was_decided() -> None:
    transaction = transaction_of(SECOND)
    assert transaction.transaction_id == SECOND.transaction_id
    assert transaction.amount_minor == 7_000
    assert transaction.requested_at_ms == NOW_MS


def test_the_training_set_has_a_row_a_payment(tmp_path: Path) -> None:
    out = tmp_path / "new" / "training.parquet"
    past = [Past(ACCOUNT), Past(FIRST), Past(SECOND, "stolen_card_burst")]
    assert build_training_set(past, out) == 2
    table = parquet.read_table(out)
    assert table.column_names == [*FEATURE_NAMES, *KEY_COLUMNS]
    assert {str(table.schema.field(name).type) for name in FEATURE_NAMES} == {"float"}
    first, second = table.to_pylist()
    assert (first["label"], second["label"]) == (0, 1)
    assert (first["kind"], second["kind"]) == ("", "stolen_card_burst")
    assert (second["transaction_id"], second["amount_minor"]) == (SECOND.id, 7_000)
    assert (second["user_id"], second["card_id"]) == (SECOND.user_id, SECOND.card_id)
    assert isnan(first["card_payments_1h"])
    assert second["card_payments_1h"] == 2


def test_progress_is_told_now_and_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flink_jobs.replay.PROGRESS_EVERY", 2)
    told: list[int] = []
    past = [Past(a_payment(at_ms=NOW_MS + i * MINUTE_MS)) for i in range(5)]
    build_training_set(past, tmp_path / "training.parquet", on_progress=told.append)
    assert told == [2, 4]
