"""A thief who is stopped does something otherwise, if of the adaptive kind, and leaves after a while."""

from random import Random

import pytest
from stage import PAY_AT_MS, Played, play, world

from data_generator.city import ZONES
from data_generator.fraud.adaptation import ADAPTIVE_SHARE, Adaptation
from data_generator.mix import ATTACKS
from data_generator.payments import Ending, Settled
from data_generator.people import Payer
from domain.decision import Verdict
from domain.events import DeviceLogin

STOPPED = Settled(ending=Ending.BLOCKED, at_ms=PAY_AT_MS)
PAID = Settled(ending=Ending.PAID, at_ms=PAY_AT_MS)
REFUSED = Settled(ending=Ending.REFUSED, at_ms=PAY_AT_MS)
PAYER = Payer(user_id="usr_a", device_id="dev_a", card_id="card_a")
THIEVES = 300
STAGE = world(riders=30)


def changed(thief: Adaptation) -> set[str]:
    """What the thief does otherwise than at first."""
    found = set()
    found |= {"amount"} if thief.price < 1 else set()
    found |= {"pace"} if thief.stretched(1_000) > 1_000 else set()
    found |= {"zone"} if thief.zone(ZONES[0]) is not ZONES[0] else set()
    told = thief.device(STAGE, PAYER, PAY_AT_MS)
    found |= {"device"} if any(True for _ in told) else set()
    return found


def stopped_once(number: int) -> Adaptation:
    thief = Adaptation(Random(number))
    thief.lost(STOPPED)
    return thief


def test_a_share_of_thieves_changes_one_thing_when_stopped() -> None:
    changes = [changed(stopped_once(number)) for number in range(THIEVES)]
    assert set().union(*changes) == {"amount", "pace", "device", "zone"}
    assert max(map(len, changes)) == 1
    assert sum(map(bool, changes)) / THIEVES == pytest.approx(ADAPTIVE_SHARE, abs=0.08)


@pytest.mark.parametrize("settled", [PAID, REFUSED])
def test_nobody_changes_or_leaves_who_was_not_stopped(settled: Settled) -> None:
    for number in range(50):
        thief = Adaptation(Random(number))
        assert not any(thief.lost(settled) for _ in range(20))
        assert not changed(thief)


def test_everybody_leaves_in_the_end() -> None:
    for number in range(THIEVES):
        thief = Adaptation(Random(number))
        stops = next(count for count in range(1, 20) if thief.lost(STOPPED))
        assert 2 <= stops <= 6


def test_a_thief_that_adapts_shifts_no_other_draw() -> None:
    rng, other = Random(5), Random(5)
    thief = Adaptation(rng)
    for _ in range(3):
        thief.lost(STOPPED)
    Adaptation(other)
    assert rng.random() == other.random()


def _declined(name: str) -> list[Played]:
    tell = next(kind.tell for kind in ATTACKS if kind.name == name)
    stage = world()
    return [play(stage, tell, number=number, verdict=lambda _: Verdict.DECLINE) for number in range(120)]


@pytest.mark.parametrize("name", ["stolen_phone", "ghost_trips", "account_takeover", "synthetic_account"])
def test_a_fresh_device_logs_in_before_it_pays(name: str) -> None:
    fresh = 0
    for one in _declined(name):
        known = {one.payments[0].transaction.device_id}
        logged_in = {login.device_id for login in one.events(DeviceLogin) if login.new_device}
        later = {payment.transaction.device_id for payment in one.payments} - known
        assert later <= logged_in
        fresh += bool(later)
    assert fresh > 3


@pytest.mark.parametrize(
    "kind", [k for k in ATTACKS if k.name != "friendly_fraud"], ids=lambda kind: kind.name
)
def test_every_attack_has_thieves_who_go_on_longer_than_the_stubborn(kind) -> None:
    assert max(len(one.payments) for one in _declined(kind.name)) > 4
