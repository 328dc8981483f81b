from datetime import UTC, datetime, timedelta

import pytest

from deploy.cli.rules import OptionRefused, instant_ms, past_instant


def _near(moment: datetime, expected: datetime) -> bool:
    return abs(moment - expected) < timedelta(seconds=5)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("5m", timedelta(minutes=5)),
        ("12h", timedelta(hours=12)),
        ("30d", timedelta(days=30)),
        ("now", timedelta()),
    ],
)
def test_a_span_counts_back_from_now(text: str, span: timedelta) -> None:
    assert _near(past_instant(text), datetime.now(UTC) - span)


def test_an_expiry_counts_on_from_now() -> None:
    told = instant_ms("30d")
    assert told
    assert _near(datetime.fromtimestamp(told / 1000, UTC), datetime.now(UTC) + timedelta(days=30))
    assert instant_ms("never") is None


def test_an_instant_may_have_any_offset() -> None:
    assert past_instant("2026-01-31T10:00:00+02:00") == datetime(2026, 1, 31, 8, tzinfo=UTC)
    assert instant_ms("2126-01-31T08:00:00Z") == 4_925_520_000_000


@pytest.mark.parametrize("text", ["", "soon", "d", "1.5d", "-3d", "999999d", "0d", "2026-13-01T00:00:00Z"])
def test_what_is_no_time_is_refused_with_examples(text: str) -> None:
    with pytest.raises(OptionRefused, match="12h or 30d"):
        past_instant(text)


@pytest.mark.parametrize(
    ("text", "told"), [("2026-01-31T08:00:00", "has no offset"), ("2020-01-31T08:00:00Z", "is past")]
)
def test_an_expiry_must_be_a_time_to_come(text: str, told: str) -> None:
    with pytest.raises(OptionRefused, match=told):
        instant_ms(text)
