"""What the real API decided and kept in PostgreSQL comes out of Parquet files of raw events, bit by bit."""

import asyncio
import json
import random
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from approvals import an_approval
from event_factories import (
    a_card_added,
    a_login,
    a_payment_outcome,
    a_profile_change,
    a_ride_request,
    an_account,
    letters,
)
from factories import a_caller, a_request
from fakes import FakeModel
from live import Live
from psycopg.conninfo import conninfo_to_dict
from waiting import eventually

from app import postgres
from app.assembly import now_ms
from app.decide import Approval, Call
from app.feature_reader import SERVER_OPTIONS, PostgresFeatureReader
from app.ledger import PostgresLedger
from app.pulse import PulseKeeper
from app.requests import Place
from dashboard.database import open_pool
from dashboard.ledger_reader import LedgerReader
from deploy.cli import replay as replay_command
from deploy.embedded.home import Home
from deploy.parity.__main__ import ParitySettings, run
from deploy.parity.alarm import ParityAlarm, Sampling
from deploy.parity.ledger import ParityLedger
from deploy.parity.replay import Period, replay
from domain.decision import Outcome
from domain.events import Event, PaymentDecided, decode_event, from_ms
from domain.history import History, encode_history
from domain.online_store import (
    VIEW_OF_KIND,
    WATERMARK_ENTITY,
    WATERMARK_VIEW,
    encode_watermark,
)
from domain.profile import encode_profile
from domain.ring import encode_ring
from feature_repo.raw_archive import RawArchive
from flink_jobs.routing import targets

pytestmark = pytest.mark.anyio
Conninfo = Callable[[str], str]
HOUR_MS = 3_600_000
PG_VARIABLE = {
    "host": "PGHOST",
    "port": "PGPORT",
    "dbname": "PGDATABASE",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "sslmode": "PGSSLMODE",
}
RIDERS = ("usr_a", "usr_b", "usr_c")
ALWAYS = Period(datetime(2020, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
UPSERT = """
    insert into online_store (view, entity_id, epoch, version, known_at, payload)
    values (%s, %s, %s, %s, now(), %s)
    on conflict (view, entity_id) do update set version = excluded.version, payload = excluded.payload
"""


class City:
    """The API on a real database; the stream is told by hand, so it may be as late as a test wants."""

    def __init__(self, approval: Approval, pulse: PulseKeeper, writer: psycopg.Connection[Any]) -> None:
        self.live = Live()
        self._approval = approval
        self._pulse = pulse
        self._writer = writer
        self._random = random.Random(4)
        self._number = 0

    def tell(self, event: Event, *, known_at_ms: int | None = None) -> None:
        self.live.tell(event, known_at_ms=known_at_ms)
        for kind, name in targets(event):
            state = self.live.states[kind, name]
            payload = encode_history(state) if isinstance(state, History) else encode_profile(state)
            self._writer.execute(UPSERT, (VIEW_OF_KIND[kind], name, state.epoch, state.version, payload))
        for name, ring in self.live.rings.newest.items():
            row = (VIEW_OF_KIND["ring"], name, ring.epoch, ring.version, encode_ring(ring))
            self._writer.execute(UPSERT, row)
        self._writer.execute(UPSERT, (WATERMARK_VIEW, WATERMARK_ENTITY, 1, 1, encode_watermark(now_ms())))

    async def decide(self, user: str, **given: Any) -> None:
        self._number += 1
        name = letters(self._number)
        request = a_request(
            transaction_id=f"txn_{name}",
            ride_id=f"ride_{name}",
            user_id=user,
            card_id=given.get("card_id", f"card_{user[4:]}"),
            device_id=f"dev_{user[4:]}",
            amount_minor=self._random.randint(500, 9_000),
            pickup=Place(zone=self._random.choice(("zone_a", "zone_b")), lat=40.71, lon=-74.0),
            requested_at=from_ms(now_ms()),
        )
        call = Call(caller=a_caller(), key=request.transaction_id, request=request)
        await self._approval.decide(call, time.monotonic())

    def decided(self) -> list[PaymentDecided]:
        """The events of all decisions so far, from the outbox."""
        rows = self._writer.execute("select payload from outbox order by id").fetchall()
        events = [decode_event(payload, 2**50) for (payload,) in rows]
        return [event for event in events if isinstance(event, PaymentDecided)]

    async def feel(self) -> None:
        await self._pulse.feel()


@pytest.fixture
async def city(conninfo: Conninfo) -> AsyncIterator[City]:
    async with (
        postgres.pool(
            "features", conninfo=conninfo("faregate_api"), patience_s=5, server_options=SERVER_OPTIONS
        ) as features,
        postgres.pool("ledger", conninfo=conninfo("faregate_api"), patience_s=5) as ledger,
    ):
        reader = PostgresFeatureReader(features)
        pulse = PulseKeeper(reader, now_ms=now_ms, monotonic=time.monotonic)
        approval = an_approval(
            features=reader,
            pulse=pulse.current,
            ledger=PostgresLedger(ledger, lambda: None),
            model=FakeModel(),
            now_ms=now_ms,
        )
        with psycopg.connect(conninfo("faregate_owner"), autocommit=True) as writer:
            yield City(approval, pulse, writer)


async def live_a_while(city: City) -> None:
    """A past, then bursts of payments at the same time that the stream tells of after each burst."""
    now = now_ms()
    for user in RIDERS:
        who = {"user_id": user, "device_id": f"dev_{user[4:]}"}
        city.tell(an_account(at_ms=now - 90 * HOUR_MS, **who))
        city.tell(a_card_added(at_ms=now - 80 * HOUR_MS, card_id=f"card_{user[4:]}", **who))
        city.tell(a_login(at_ms=now - HOUR_MS, new_device=True, **who))
        city.tell(a_ride_request(at_ms=now - 2 * HOUR_MS, **who))
    city.tell(a_payment_outcome(at_ms=now - HOUR_MS, outcome=Outcome.FAILED, device_id="dev_a"))
    await city.feel()
    await city.decide("usr_a")  # in a quiet moment: hindsight knows no more
    told = 0
    for number in range(6):
        await city.feel()
        await asyncio.gather(*(city.decide(user) for user in (*RIDERS, *RIDERS)))
        await city.decide("usr_stranger")
        events = city.decided()
        for event in events[told : len(events) - 3]:
            city.tell(event, known_at_ms=now_ms())
        told = len(events) - 3  # these are in flight at the next burst
        city.tell(a_profile_change(at_ms=now_ms(), contact_changed=bool(number % 2)))
    for event in city.decided()[told:]:
        city.tell(event, known_at_ms=now_ms())


@pytest.fixture
def ledger(conninfo: Conninfo) -> Iterator[ParityLedger]:
    with psycopg.connect(conninfo("faregate_learner"), autocommit=True) as connection:
        yield ParityLedger(connection)


def archived(city: City, root: Path) -> RawArchive:
    city.live.past.archive(root)
    return RawArchive(root)


async def test_every_decision_comes_out_as_it_was(city: City, ledger: ParityLedger, tmp_path: Path) -> None:
    await live_a_while(city)
    overlaid = city._writer.execute("select count(*) from decisions where overlaid <> '[]'").fetchone()
    assert overlaid is not None
    assert overlaid[0] > 10, "the bursts should have met payments in flight"
    tally = replay(ledger, archived(city, tmp_path), ALWAYS, hindsight=True)
    assert tally.differences == []
    assert (tally.decisions, tally.as_known, tally.not_archived_yet) == (43, 43, 0)
    assert dict(tally.left_out) == {}
    assert 0 < tally.with_hindsight < 43, tally.moved_by_hindsight


async def test_a_changed_vector_is_found_and_told_on_the_health_page(
    city: City, ledger: ParityLedger, conninfo: Conninfo, tmp_path: Path
) -> None:
    await live_a_while(city)
    archive = archived(city, tmp_path)
    alarm = ParityAlarm(ledger, archive, Sampling(youngest=timedelta(0), oldest=timedelta(minutes=5)))
    with open_pool(conninfo("faregate_console")) as connections:
        reader = LedgerReader(connections)
        assert reader.snapshot(5).parity.checked_at is None
        alarm.check()
        check = reader.snapshot(5).parity
        assert (check.checked_decisions, check.as_known, check.is_due) == (43, 43, False)
        city._writer.execute(
            "update decisions set vector = set_byte(vector, 3, 66) where transaction_id = 'txn_b'"
        )
        ParityAlarm(ledger, archive, Sampling(youngest=timedelta(0))).check()
        assert reader.snapshot(5).parity.as_known == 42
    (found,) = city._writer.execute("select first_difference from parity_checks order by id desc limit 1")
    assert found[0]["feature"] == "amount"


async def test_what_cannot_be_computed_again_is_counted_apart(
    city: City, ledger: ParityLedger, tmp_path: Path
) -> None:
    await live_a_while(city)
    archive = archived(city, tmp_path)
    for change in (
        "update decisions set vector = null where transaction_id = 'txn_b'",
        "update decisions set vector = '\\x00' where transaction_id = 'txn_c'",
        "update decisions set positions = null where transaction_id = 'txn_d'",
        "update decisions set pulse_id = 'pulse_gone' where transaction_id = 'txn_e'",
        """update decisions set overlaid = '[["txn_gone", null, 0]]' where transaction_id = 'txn_f'""",
    ):
        city._writer.execute(change)
    city.tell(a_login(at_ms=now_ms(), user_id="usr_a"))
    await city.decide("usr_a")
    tally = replay(ledger, archive, ALWAYS)
    assert len(tally.left_out) == 5
    assert set(tally.left_out.values()) == {1}
    assert tally.not_archived_yet == 1
    assert tally.as_known == tally.decisions == 44 - 6


async def test_the_command_ends_with_one_json_line(
    city: City,
    conninfo: Conninfo,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    await live_a_while(city)
    home = Home(root=tmp_path)
    archived(city, home.archive / "raw")
    ours = conninfo("faregate_learner")
    monkeypatch.setattr(replay_command, "connect", lambda *_: psycopg.connect(ours, autocommit=True))
    assert replay_command.command(home, {}, ALWAYS, limit=10, hindsight=True) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["decisions"], told["as_known"], told["differences"]) == (10, 10, 0)
    city._writer.execute("update decisions set card_version = 99 where transaction_id = 'txn_b'")
    assert replay_command.command(home, {}, ALWAYS, limit=None, hindsight=False) == 1
    output = capsys.readouterr()
    assert json.loads(output.out.splitlines()[-1])["with_hindsight"] is None
    assert "version of the card" in output.err
    with pytest.raises(replay_command.ReplayRefused, match="No decision was made"):
        replay_command.command(home, {}, Period(ALWAYS.until, ALWAYS.until), limit=None, hindsight=False)


async def test_the_process_checks_until_it_is_stopped(
    city: City, conninfo: Conninfo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await live_a_while(city)
    city.live.past.archive(tmp_path)
    for name, value in conninfo_to_dict(conninfo("faregate_learner")).items():
        monkeypatch.setenv(PG_VARIABLE[name], str(value))
    settings = ParitySettings(
        archive=tmp_path, every_s=0.05, sampling=Sampling(most=20, youngest=timedelta(0))
    )
    stop = threading.Event()
    process = threading.Thread(target=run, args=(settings, stop))
    process.start()
    try:
        eventually(lambda: checked(city) == 43, within_s=60, what="every decision checked")
    finally:
        stop.set()
        process.join(30)
    assert not process.is_alive()


def checked(city: City) -> int:
    query = "select coalesce(sum(decisions), 0), coalesce(sum(as_known), 0) from parity_checks"
    decisions, as_known = city._writer.execute(query).fetchone() or (0, 0)
    assert decisions == as_known
    return int(decisions)
