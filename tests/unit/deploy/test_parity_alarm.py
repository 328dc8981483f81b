"""The alarm looks at decisions of minutes ago, tells what it found, and does not cry wolf."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from event_factories import NOW_MS, a_card_added, a_payment, letters
from live import Live
from msgspec import structs

from deploy.parity.alarm import ParityAlarm, Sampling
from deploy.parity.decisions import Place, RecordedDecision
from deploy.parity.ledger import PULSE_UNKNOWN, Check, Unrepeatable
from deploy.parity.rebuilding import Anchor
from domain.display import MINUTE_MS, SECOND_MS
from domain.raw_record import RawRecord
from feature_repo.raw_archive import RawArchive


class FakeLedger:
    """Answers as ParityLedger does."""

    def __init__(self) -> None:
        self.decisions: list[RecordedDecision | Unrepeatable] = []
        self.checks: list[Check] = []
        self.newest_anchor: Anchor | None = None

    def sample(
        self, *, oldest: timedelta, youngest: timedelta, most: int, checked: Iterable[str]
    ) -> list[RecordedDecision | Unrepeatable]:
        assert youngest < oldest
        seen = set(checked)
        return [found for found in self.decisions if found.decision_id not in seen][:most]

    def anchor(self, *, older_than: timedelta) -> Anchor | None:
        assert older_than > timedelta(minutes=5)
        return self.newest_anchor

    def record(self, check: Check) -> None:
        self.checks.append(check)


class CountingArchive:
    """The archive at `root`; `reads` are the arguments it was read with."""

    def __init__(self, root: Path) -> None:
        self._archive = RawArchive(root)
        self.reads: list[tuple[int | None, set[str]]] = []
        self.links_since: list[dict[Place, int]] = []

    def end_positions(self) -> Mapping[Place, int]:
        return self._archive.end_positions()

    def records(
        self,
        from_ms: int | None = None,
        until_ms: int | None = None,
        entities: Mapping[str, set[str]] | None = None,
    ) -> Iterator[RawRecord]:
        self.reads.append((from_ms, set(entities or ())))
        return self._archive.records(from_ms, until_ms, entities)

    def link_records(self, since: Mapping[Place, int]) -> Iterator[RawRecord]:
        self.links_since.append(dict(since))
        return self._archive.link_records(since)


class Watch:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.live = Live()
        self.ledger = FakeLedger()
        self.archive = CountingArchive(root)
        self.alarm = ParityAlarm(self.ledger, self.archive, Sampling())
        self.live.tell(a_card_added(at_ms=NOW_MS - 9 * MINUTE_MS))
        for number in range(12):
            self.pay(NOW_MS - 8 * MINUTE_MS + number * SECOND_MS)

    def pay(self, at_ms: int) -> None:
        self.live.tell(a_payment(at_ms=at_ms))
        self.live.tell(a_payment(at_ms=at_ms, user_id=f"usr_{letters(at_ms % 97)}", pickup_zone="zone_b"))

    def decide(self, at_ms: int) -> RecordedDecision:
        decision = self.live.decide(at_ms=at_ms)
        self.ledger.decisions.append(decision)
        self.pay(at_ms + SECOND_MS)
        self.live.past.archive(self.root)
        return decision

    def anchor(self, at_ms: int) -> None:
        zones = self.live.decide(at_ms=at_ms).pulse
        assert zones is not None
        self.ledger.newest_anchor = Anchor(at_ms=at_ms, zones=zones)


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    return Watch(tmp_path)


def test_nothing_to_look_at_is_no_check(watch: Watch) -> None:
    assert watch.alarm.check() is None
    assert watch.ledger.checks == []


def test_what_the_ledger_tells_too_little_of_is_said(watch: Watch, caplog: pytest.LogCaptureFixture) -> None:
    watch.ledger.decisions.append(Unrepeatable(decision_id="dec_a", why=PULSE_UNKNOWN))
    with caplog.at_level(logging.WARNING):
        assert watch.alarm.check() is None
    assert "{'pulse unknown': 1}" in caplog.text


def test_a_check_is_recorded_and_its_decisions_are_not_looked_at_again(watch: Watch) -> None:
    watch.decide(NOW_MS)
    watch.decide(NOW_MS + MINUTE_MS)
    watch.alarm.check()
    assert watch.ledger.checks == [Check(decisions=2, as_known=2, with_hindsight=2)]
    assert watch.alarm.check() is None


def test_what_is_not_archived_yet_waits(watch: Watch) -> None:
    watch.decide(NOW_MS)
    watch.ledger.decisions.append(watch.live.decide(at_ms=NOW_MS + 2 * SECOND_MS))
    watch.alarm.check()
    assert watch.ledger.checks[-1].decisions == 1 + 1  # all that it knew of is in files already
    watch.pay(NOW_MS + 3 * SECOND_MS)
    watch.ledger.decisions.append(watch.live.decide(at_ms=NOW_MS + 4 * SECOND_MS))
    assert watch.alarm.check() is None
    watch.live.past.archive(watch.root)
    assert watch.alarm.check() is not None


def test_a_difference_is_told(watch: Watch, caplog: pytest.LogCaptureFixture) -> None:
    good, wrong = watch.decide(NOW_MS), watch.decide(NOW_MS + MINUTE_MS)
    watch.ledger.decisions[:] = [good, structs.replace(wrong, vector=wrong.vector[:-4] + b"\x00\x00\x80?")]
    with caplog.at_level(logging.WARNING):
        watch.alarm.check()
    (check,) = watch.ledger.checks
    assert (check.decisions, check.as_known) == (2, 1)
    assert check.first_difference is not None
    assert check.first_difference.decision_id == wrong.decision_id
    assert wrong.decision_id in caplog.text
    assert check.first_difference.feature in caplog.text


def test_zones_are_read_whole_once_and_from_the_anchor_on_later(watch: Watch) -> None:
    watch.anchor(NOW_MS)
    watch.decide(NOW_MS + MINUTE_MS)
    watch.alarm.check()
    assert watch.archive.reads == [(None, {"user_id", "card_id", "device_id", "zone_id"})]
    watch.archive.reads.clear()
    watch.decide(NOW_MS + 2 * MINUTE_MS)
    watch.alarm.check()
    people, zones = watch.archive.reads
    assert people == (None, {"user_id", "card_id", "device_id"})
    assert zones == (NOW_MS - 10 * MINUTE_MS, {"zone_id"})
    assert watch.ledger.checks[-1] == Check(decisions=1, as_known=1, with_hindsight=1)


def test_a_difference_is_looked_at_again_from_nothing(watch: Watch, caplog: pytest.LogCaptureFixture) -> None:
    """Here a zone's record is not read the second time, as one that is older than the lag we allow for."""
    watch.anchor(NOW_MS)
    watch.decide(NOW_MS + MINUTE_MS)
    watch.alarm.check()
    watch.live.tell(
        a_payment(at_ms=NOW_MS - 30 * MINUTE_MS, user_id="usr_slow", pickup_zone="zone_b"),
        known_at_ms=NOW_MS - 30 * MINUTE_MS,
    )
    watch.decide(NOW_MS + 2 * MINUTE_MS)
    watch.archive.reads.clear()
    with caplog.at_level(logging.WARNING):
        watch.alarm.check()
    assert len(watch.archive.reads) == 3
    assert (watch.ledger.checks[-1].decisions, watch.ledger.checks[-1].as_known) == (1, 1)
    assert caplog.text == ""


def test_decisions_older_than_what_was_kept_are_rebuilt_from_nothing(watch: Watch) -> None:
    old = watch.decide(NOW_MS)
    watch.ledger.decisions.remove(old)
    watch.anchor(NOW_MS + 3 * SECOND_MS)
    watch.decide(NOW_MS + MINUTE_MS)
    watch.alarm.check()
    watch.ledger.decisions.append(old)
    watch.alarm.check()
    assert watch.ledger.checks[-1] == Check(decisions=1, as_known=1, with_hindsight=1)
