from collections.abc import Callable

import msgspec
import pytest
from event_factories import NOW_MS, ONE_OF_EACH, a_location, a_payment

from domain.events import Event, encode_event, from_ms
from feature_repo.raw_ids import NOTHING, ids_of
from flink_jobs.routing import targets


def test_a_payment_is_found_by_all_its_entities() -> None:
    ids = ids_of(encode_event(a_payment()))
    assert (ids.user_id, ids.card_id, ids.device_id, ids.zone) == ("usr_a", "card_a", "dev_a", "zone_a")
    assert (ids.type, ids.event_time) == ("payment.decided", from_ms(NOW_MS))


def test_a_zone_is_the_one_of_the_pickup_or_else_the_one_that_was_chosen() -> None:
    assert ids_of(encode_event(a_location(zone_id="zone_c"))).zone == "zone_c"


@pytest.mark.parametrize("an_event", ONE_OF_EACH)
def test_an_event_is_found_by_every_entity_whose_history_it_changes(an_event: Callable[..., Event]) -> None:
    event = an_event()
    ids = ids_of(encode_event(event))
    of_kind = {"card": ids.card_id, "user": ids.user_id, "device": ids.device_id, "zone": ids.zone}
    of_kind["profile"] = ids.user_id
    for kind, entity in targets(event):
        assert of_kind[kind] == entity


@pytest.mark.parametrize(
    "body",
    [
        None,
        b"",
        b"no json",
        b"[1, 2]",
        b'{"user_id": 7}',
        b'{"user_id": "\xff"}',
        b'{"user_id": "\\ud800"}',
        b'{"user_id": "usr_a", "event_time": "2026-09-21T12:00:00"}',
        b'{"a":' * 20_000,
    ],
)
def test_what_cannot_be_read_belongs_to_nobody(body: bytes | None) -> None:
    assert ids_of(body) == NOTHING


def test_an_event_of_a_type_yet_unknown_is_found_all_the_same() -> None:
    body = msgspec.json.encode({"type": "ride.teleported", "user_id": "usr_a", "how": {"far": [1]}})
    assert (ids_of(body).type, ids_of(body).user_id) == ("ride.teleported", "usr_a")
