"""Values too small for a file of tests each: verdicts, errors, settings, the online watermark."""

from pathlib import Path

import pytest

from domain import errors
from domain.decision import Verdict
from domain.errors import FaregateError, SettingMissing
from domain.online_store import VIEW_OF_KIND, decode_watermark, encode_watermark
from domain.raw_record import RawRecord
from domain.settings import KafkaSettings, ModelSettings


@pytest.mark.parametrize(
    ("verdict", "stops"),
    [
        (Verdict.APPROVE, False),
        (Verdict.REVIEW, False),
        (Verdict.CHALLENGE, True),
        (Verdict.DECLINE, True),
    ],
)
def test_which_verdicts_stop_a_payment(verdict: Verdict, stops: bool) -> None:
    assert verdict.stops_payment is stops


def test_every_error_has_one_root() -> None:
    found = [e for e in vars(errors).values() if isinstance(e, type)]
    assert all(issubclass(error, FaregateError) for error in found)


def test_settings_are_read_from_what_is_given() -> None:
    assert KafkaSettings.from_env({"FAREGATE_KAFKA": "localhost:9092"}).bootstrap == "localhost:9092"
    assert ModelSettings.from_env({"FAREGATE_MODEL_DIR": "/models/one"}).folder == Path("/models/one")


@pytest.mark.parametrize("env", [{}, {"FAREGATE_KAFKA": ""}])
def test_a_missing_setting_is_named_with_what_it_means(env: dict[str, str]) -> None:
    with pytest.raises(SettingMissing, match=r"FAREGATE_KAFKA is not set: it says where Kafka listens"):
        KafkaSettings.from_env(env)


def test_the_watermark_row_holds_the_watermark() -> None:
    assert decode_watermark(encode_watermark(1_790_000_000_000)) == 1_790_000_000_000


def test_a_raw_record_may_have_neither_key_nor_body() -> None:
    record = RawRecord(topic="rides.events.v1", partition=3, offset=41, record_time_ms=1, key=None, body=None)
    assert (record.key, record.body) == (None, None)
    with pytest.raises(AttributeError):
        record.offset = 42  # type: ignore[misc]


def test_each_kind_has_a_view() -> None:
    assert set(VIEW_OF_KIND) == {"card", "user", "device", "zone", "profile", "ring"}
