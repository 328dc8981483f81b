"""What every feature reader promises, asked of the fake and of PostgreSQL."""

from collections.abc import AsyncIterator, Callable

import psycopg
import pytest
from fakes import FakeFeatureReader

from app import postgres
from app.feature_reader import PostgresFeatureReader
from app.ports import FeatureReader, FeaturesUnreadable, StoredFeatures
from domain.history import History, encode_history
from domain.online_store import VIEW_OF_KIND, WATERMARK_ENTITY, WATERMARK_VIEW, encode_watermark
from domain.profile import Profile, encode_profile

pytestmark = pytest.mark.anyio
CARD = History(epoch=2, version=5, lifetime_payments=3, user_ids=["usr_a"])
USER = History(epoch=1, version=8, lifetime_declines=1)
PROFILE = Profile(version=2, home_zone="zone_a", rating_centi=480)
Put = Callable[[str, str, object], None]
Subject = tuple[FeatureReader, Put]


def _put_into(fake: FakeFeatureReader) -> Put:
    def put(kind: str, entity_id: str, what: object) -> None:
        if kind == "watermark":
            assert isinstance(what, int)
            fake.low_watermark_ms = what
        else:
            getattr(fake, f"{kind}s")[entity_id] = what

    return put


def _insert_by(conninfo: str) -> Put:
    encoders: dict[str, Callable[..., bytes]] = {
        "card": encode_history,
        "user": encode_history,
        "profile": encode_profile,
        "watermark": encode_watermark,
    }
    views = {**VIEW_OF_KIND, "watermark": WATERMARK_VIEW}

    def put(kind: str, entity_id: str, what: object) -> None:
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute(
                "insert into online_store (view, entity_id, epoch, version, known_at, payload) "
                "values (%s, %s, 1, 1, now(), %s)",
                (views[kind], entity_id, encoders[kind](what)),
            )

    return put


@pytest.fixture(params=["fake", "postgres"])
async def subject(request: pytest.FixtureRequest) -> AsyncIterator[Subject]:
    if request.param == "fake":
        fake = FakeFeatureReader()
        yield fake, _put_into(fake)
        return
    conninfo: Callable[[str], str] = request.getfixturevalue("conninfo")
    async with postgres.pool("test", conninfo=conninfo("faregate_api"), patience_s=2.0) as pool:
        yield PostgresFeatureReader(pool), _insert_by(conninfo("faregate_writer"))


async def test_an_empty_store_knows_nobody(subject: Subject) -> None:
    reader, _ = subject
    assert await reader.read(card_id="card_a", user_id="usr_a") == StoredFeatures()


async def test_all_that_was_asked_for_comes_back_as_it_was(subject: Subject) -> None:
    reader, put = subject
    put("card", "card_a", CARD)
    put("user", "usr_a", USER)
    put("profile", "usr_a", PROFILE)
    put("watermark", WATERMARK_ENTITY, 1_790_000_000_000)
    read = await reader.read(card_id="card_a", user_id="usr_a")
    assert read == StoredFeatures(card=CARD, user=USER, profile=PROFILE, low_watermark_ms=1_790_000_000_000)


async def test_others_histories_stay_out(subject: Subject) -> None:
    reader, put = subject
    put("card", "card_b", CARD)
    put("user", "usr_b", USER)
    put("card", "usr_a", CARD)  # the same id under another kind
    put("user", "card_a", USER)
    assert await reader.read(card_id="card_a", user_id="usr_a") == StoredFeatures()


async def test_a_row_that_cannot_be_read_is_no_history(conninfo: Callable[[str], str]) -> None:
    with psycopg.connect(conninfo("faregate_writer"), autocommit=True) as connection:
        connection.execute(
            "insert into online_store (view, entity_id, epoch, version, known_at, payload) "
            "values ('card_history', 'card_a', 1, 1, now(), 'not msgpack')"
        )
    async with postgres.pool("test", conninfo=conninfo("faregate_api"), patience_s=2.0) as pool:
        with pytest.raises(FeaturesUnreadable):
            await PostgresFeatureReader(pool).read(card_id="card_a", user_id="usr_a")
