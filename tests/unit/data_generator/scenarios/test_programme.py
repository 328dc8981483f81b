"""What a live run shows on demand: when it begins, how much of it, and what is refused."""

from collections import Counter
from itertools import takewhile

import pytest

from data_generator.mix import ATTACKS, HONEST, AttackUnknown
from data_generator.openings import Opening, live_openings
from data_generator.population import City
from data_generator.scenarios.cold_start import SHARE, ColdStart
from data_generator.scenarios.programme import EVERYDAY, Programme, ProgrammeRefused
from domain.display import DAY_MS, HOUR_MS, MINUTE_MS

NOON_MS = 1_790_000_000_000 // DAY_MS * DAY_MS + 12 * HOUR_MS
RATE, MINUTES, START_S = 10.0, 20, 300.0
ATTACK_NAMES = {kind.name for kind in ATTACKS}
EVERYDAY_KINDS = {id(kind) for kind in (*HONEST, *ATTACKS)}


@pytest.fixture(scope="module")
def city() -> City:
    return City(1, 4_000)


def opened(city: City, programme: Programme, minutes: float = MINUTES) -> list[Opening]:
    end_ms = NOON_MS + minutes * MINUTE_MS
    openings = live_openings(city, 1, RATE, NOON_MS, programme)
    return list(takewhile(lambda opening: opening.pay_at_ms < end_ms, openings))


def a_second(openings: list[Opening], *, since_s: float) -> float:
    """Payments that come soon, a second."""
    came = [o.kind.soon for o in openings if o.pay_at_ms >= NOON_MS + since_s * 1000]
    return sum(came) / (MINUTES * 60 - since_s)


def test_an_attack_on_demand_comes_on_top_and_only_then(city: City) -> None:
    programme = Programme(attack="account_takeover", attack_share=0.05, start_s=START_S)
    attacks = [o for o in opened(city, programme) if o.kind.name == "account_takeover"]
    assert attacks[0].pay_at_ms == NOON_MS + 302_500
    assert a_second(attacks, since_s=START_S) == pytest.approx(0.05 * RATE, rel=0.15)


def test_the_everyday_city_goes_on_beside_an_attack(city: City) -> None:
    names = Counter(o.kind.name for o in opened(city, Programme(attack="account_takeover")))
    assert names.keys() >= (ATTACK_NAMES | {kind.name for kind in HONEST}) - {
        "promo_farm",
        "synthetic_account",
    }


@pytest.mark.parametrize("without", [{"stolen_card_burst"}, {"card_testing", "promo_farm"}, ATTACK_NAMES])
def test_attacks_left_out_never_happen(city: City, without: set[str]) -> None:
    openings = opened(city, Programme(without=frozenset(without)))
    names = {o.kind.name for o in openings}
    assert not names & without
    assert bool(names & ATTACK_NAMES) == (without != ATTACK_NAMES)


def test_the_festival_begins_when_asked_for_with_five_times_the_demand(city: City) -> None:
    openings = opened(city, Programme(surge=True, start_s=START_S))
    assert a_second(openings, since_s=START_S) == pytest.approx(5 * RATE, rel=0.08)
    assert not any(o.kind.name == "festival" for o in openings if o.pay_at_ms < NOON_MS + START_S * 1000)
    everyday = opened(city, EVERYDAY)
    locals_ = [o for o in openings if o.rider.index < city.riders]
    assert a_second(locals_, since_s=START_S) == pytest.approx(a_second(everyday, since_s=START_S), rel=0.1)


@pytest.mark.parametrize("start", ColdStart)
def test_a_cold_start_comes_on_top_with_its_attacks(city: City, start: str) -> None:
    openings = opened(city, Programme(cold_start=start, start_s=START_S))
    cold = [o for o in openings if id(o.kind) not in EVERYDAY_KINDS and o.pay_at_ms > NOON_MS + 60_000]
    assert min(o.pay_at_ms for o in cold) >= NOON_MS + START_S * 1000
    assert a_second(cold, since_s=START_S) == pytest.approx(SHARE * RATE, rel=0.15)
    assert {o.kind.name for o in cold} & ATTACK_NAMES


@pytest.mark.parametrize(
    "programme",
    [EVERYDAY, Programme(surge=True), Programme(cold_start="new_riders"), Programme(attack="card_testing")],
)
def test_the_same_seed_opens_the_same_stories(city: City, programme: Programme) -> None:
    one, two = (
        [(o.number, o.kind.name, o.rider.index, o.pay_at_ms) for o in opened(city, programme, minutes=3)]
        for _ in range(2)
    )
    assert one == two


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"attack": "nonsense"}, "no attack named 'nonsense'"),
        ({"without": frozenset({"nonsense"})}, "no attack named 'nonsense'"),
        ({"attack_share": 0.0}, "up to 1"),
        ({"attack_share": 1.5}, "up to 1"),
        ({"start_s": -1.0}, "from 0 on"),
        ({"start_s": float("nan")}, "from 0 on"),
        ({"cold_start": "winter"}, "new_riders, new_cards, new_city"),
    ],
)
def test_what_cannot_be_told_is_refused(asked: dict[str, object], told: str) -> None:
    with pytest.raises((ProgrammeRefused, AttackUnknown), match=told):
        Programme(**asked)
