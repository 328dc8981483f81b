"""What every feature reader promises, asked of the fake and of PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Callable

import psycopg
import pytest
from event_factories import NOW_MS, a_transaction
from factories import a_decision, a_request
from fakes import FakeFeatureReader, FakeFlight, FakeLedger
from keeping import keep
from msgspec import structs

from app import postgres
from app.feature_reader import ARRIVE, SERVER_OPTIONS, PostgresFeatureReader
from app.ledger import PostgresLedger
from app.ports import FeatureReader, FeaturesUnreadable, Ledger, StoredFeatures
from app.prepared import prepared
from domain.decision import Verdict
from domain.events import PaymentDecided, from_ms
from domain.history import History, encode_history
from domain.online_store import VIEW_OF_KIND, WATERMARK_ENTITY, WATERMARK_VIEW, encode_watermark
from domain.profile import Profile, encode_profile
from domain.ring import Ring, encode_ring
from domain.vector import as_attempt

pytestmark = pytest.mark.anyio
CARD = History(epoch=2, version=5, lifetime_payments=3, user_ids=["usr_a"])
USER = History(epoch=1, version=8, lifetime_declines=1)
DEVICE = History(epoch=1, version=3, positions=[1000, 6])
ZONE = History(epoch=1, version=90, tiles_1h=[9, 1, 0, 0, 0, 0])
PROFILE = Profile(version=2, home_zone="zone_a", rating_centi=480)
RING = Ring(version=3, ring_id="ring_a", size=4, shared_cards=1, positions=[1, 7])
Put = Callable[[str, str, object], None]
Subject = tuple[FeatureReader, Ledger, Put]


def an_attempt(**given: str) -> PaymentDecided:
    return as_attempt(a_transaction(**given), NOW_MS)


def _put_into(fake: FakeFeatureReader) -> Put:
    by_kind = {
        "card": fake.cards,
        "user": fake.users,
        "device": fake.devices,
        "zone": fake.zone_histories,
        "profile": fake.profiles,
        "ring": fake.rings,
    }

    def put(kind: str, entity_id: str, what: object) -> None:
        if kind == "watermark":
            assert isinstance(what, int)
            fake.low_watermark_ms = what
        else:
            by_kind[kind][entity_id] = what  # type: ignore[index,assignment]

    return put


def _insert_by(conninfo: str) -> Put:
    encoders: dict[str, Callable[..., bytes]] = {
        "profile": encode_profile,
        "ring": encode_ring,
        "watermark": encode_watermark,
    }
    views = {**VIEW_OF_KIND, "watermark": WATERMARK_VIEW}

    def put(kind: str, entity_id: str, what: object) -> None:
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute(
                "insert into online_store (view, entity_id, epoch, version, known_at, payload) "
                "values (%s, %s, 1, 1, now(), %s)",
                (views[kind], entity_id, encoders.get(kind, encode_history)(what)),
            )

    return put


@pytest.fixture(params=["fake", "postgres", "prepared"])
async def subject(request: pytest.FixtureRequest) -> AsyncIterator[Subject]:
    if request.param == "fake":
        flight = FakeFlight()
        fake = FakeFeatureReader(flight)
        yield fake, FakeLedger(flight), _put_into(fake)
        return
    conninfo: Callable[[str], str] = request.getfixturevalue("conninfo")
    api = conninfo("faregate_api")
    async with (
        postgres.pool("test", conninfo=api, patience_s=2.0, server_options=SERVER_OPTIONS) as features,
        postgres.pool("test", conninfo=api, patience_s=2.0) as ledger,
        prepared(
            "test", ARRIVE, conninfo=api, patience_s=2.0, server_options=SERVER_OPTIONS, lines=2
        ) as arrivals,
    ):
        yield (
            PostgresFeatureReader(features, arrivals if request.param == "prepared" else None),
            PostgresLedger(ledger, ring=lambda: None),
            _insert_by(conninfo("faregate_writer")),
        )


async def test_an_empty_store_knows_nobody(subject: Subject) -> None:
    reader, _, _ = subject
    assert await reader.read(an_attempt()) == StoredFeatures(seq=1)
    assert await reader.zones() == {}


async def test_all_that_was_asked_for_comes_back_as_it_was(subject: Subject) -> None:
    reader, _, put = subject
    put("card", "card_a", CARD)
    put("user", "usr_a", USER)
    put("device", "dev_a", DEVICE)
    put("zone", "zone_a", ZONE)
    put("profile", "usr_a", PROFILE)
    put("ring", "usr_a", RING)
    put("watermark", WATERMARK_ENTITY, NOW_MS)
    assert await reader.read(an_attempt()) == StoredFeatures(
        card=CARD,
        user=USER,
        device=DEVICE,
        zone=ZONE,
        profile=PROFILE,
        ring=RING,
        low_watermark_ms=NOW_MS,
        seq=1,
    )


async def test_others_histories_stay_out(subject: Subject) -> None:
    reader, _, put = subject
    put("card", "card_b", CARD)
    put("user", "usr_b", USER)
    put("card", "usr_a", CARD)  # the same id under another kind
    put("user", "card_a", USER)
    put("zone", "zone_b", ZONE)  # where the ride ends, not where it begins
    put("device", "zone_a", DEVICE)
    assert await reader.read(an_attempt()) == StoredFeatures(seq=1)


async def test_all_zones_are_read_at_once(subject: Subject) -> None:
    reader, _, put = subject
    put("zone", "zone_a", ZONE)
    put("zone", "zone_b", History(version=2))
    put("device", "dev_a", DEVICE)
    assert await reader.zones() == {"zone_a": ZONE, "zone_b": History(version=2)}


@pytest.mark.parametrize("shared", ["card_id", "user_id", "device_id"])
async def test_a_payment_sees_those_of_the_same_card_rider_or_device_that_came_before(
    subject: Subject, shared: str
) -> None:
    reader, _, _ = subject
    owner = {"card_id": "card_x", "user_id": "usr_x", "device_id": "dev_x"}
    others = {name: f"{entity}y" for name, entity in owner.items()}
    first, second = an_attempt(**owner), an_attempt(**{**others, shared: owner[shared]})
    third = an_attempt(**owner)
    assert (await reader.read(first)).in_flight == ()
    assert (await reader.read(second)).in_flight == (first,)
    assert (await reader.read(third)).in_flight == (first, second)


async def test_a_stranger_in_the_same_zone_is_not_seen(subject: Subject) -> None:
    reader, _, _ = subject
    await reader.read(an_attempt(card_id="card_y", user_id="usr_y", device_id="dev_y"))
    assert (await reader.read(an_attempt())).in_flight == ()


async def test_places_rise_and_each_payment_sees_lower_ones_only(subject: Subject) -> None:
    reader, _, _ = subject
    attempts = [an_attempt() for _ in range(12)]
    seen = await asyncio.gather(*(reader.read(attempt) for attempt in attempts))
    in_order = sorted(zip(seen, attempts, strict=True), key=lambda pair: pair[0].seq or 0)
    came = [attempt for _, attempt in in_order]
    assert [known.in_flight for known, _ in in_order] == [tuple(came[:n]) for n in range(12)]


async def test_a_payment_does_not_see_itself_when_it_is_sent_again(subject: Subject) -> None:
    reader, _, _ = subject
    attempt = an_attempt()
    await reader.read(attempt)
    again = await reader.read(structs.replace(attempt, event_time=attempt.event_time))
    assert again.in_flight == ()


async def test_an_attempt_sent_again_takes_over_its_place_and_sees_what_came_meanwhile(
    subject: Subject,
) -> None:
    """Its first sender died before the verdict: it would be counted at two times."""
    reader, _, _ = subject
    first = an_attempt(transaction_id="txn_again")
    await reader.read(first)
    between = an_attempt()
    await reader.read(between)
    again = structs.replace(first, event_time=from_ms(NOW_MS + 2_000))
    assert (await reader.read(again)).in_flight == (between,)
    assert (await reader.read(an_attempt())).in_flight == (again, between)


async def test_a_look_leaves_nothing_behind(subject: Subject) -> None:
    reader, _, put = subject
    put("card", "card_a", CARD)
    first = an_attempt()
    await reader.read(first)
    looked = await reader.look(an_attempt())
    assert (looked.card, looked.in_flight, looked.seq) == (CARD, (first,), None)
    assert (await reader.read(an_attempt())).in_flight == (first,)


async def test_a_verdict_is_seen_once_it_is_kept(subject: Subject) -> None:
    reader, ledger, _ = subject
    request = a_request()
    attempt = as_attempt(request.transaction(), NOW_MS)
    decision = a_decision(request, features=await reader.read(attempt), verdict=Verdict.DECLINE)
    assert (await reader.read(an_attempt())).in_flight == (attempt,)
    await keep(ledger, decision)
    [seen, _] = (await reader.read(an_attempt())).in_flight
    assert seen == decision.event


async def test_a_payment_decided_before_has_one_place_only(subject: Subject) -> None:
    reader, ledger, _ = subject
    request = a_request()
    attempt = as_attempt(request.transaction(), NOW_MS)
    first, again = [a_decision(request, features=await reader.read(attempt)) for _ in range(2)]
    await keep(ledger, first)
    await keep(ledger, again)
    assert (await reader.read(an_attempt())).in_flight == (first.event,)


async def test_a_payment_decided_long_before_gets_no_place(subject: Subject) -> None:
    """It would be seen at another time than it was paid at, and counted again."""
    reader, ledger, _ = subject
    request, other = a_request(), an_attempt()
    attempt = as_attempt(request.transaction(), NOW_MS)
    await reader.read(other)
    decision = a_decision(request, features=await reader.read(attempt))
    await keep(ledger, decision)
    again = await reader.read(as_attempt(request.transaction(), NOW_MS + 4_000_000))
    assert (again.seq, again.in_flight) == (None, (other,))
    assert (await reader.read(an_attempt())).in_flight == (other, decision.event)


async def test_a_row_that_cannot_be_read_is_no_history(conninfo: Callable[[str], str]) -> None:
    with psycopg.connect(conninfo("faregate_writer"), autocommit=True) as connection:
        connection.execute(
            "insert into online_store (view, entity_id, epoch, version, known_at, payload) "
            "values ('card_history', 'card_a', 1, 1, now(), 'not msgpack')"
        )
    async with postgres.pool("test", conninfo=conninfo("faregate_api"), patience_s=2.0) as pool:
        with pytest.raises(FeaturesUnreadable):
            await PostgresFeatureReader(pool).read(an_attempt())
