"""The platform's pulse on a fake reader and a clock that moves when told to."""

from dataclasses import dataclass, field

import pytest
from event_factories import NOW_MS, a_history, a_payment
from fakes import FakeFeatureReader

from app.pulse import EVERY_S, USABLE_S, PulseKeeper, known_pulse
from domain.history import History
from domain.platform import pulse_of

pytestmark = pytest.mark.anyio


@dataclass(kw_only=True)
class Ward:
    reader: FakeFeatureReader = field(default_factory=FakeFeatureReader)
    keeper: PulseKeeper = field(init=False)
    clock_s: float = 500.0

    def __post_init__(self) -> None:
        self.keeper = PulseKeeper(self.reader, now_ms=lambda: NOW_MS, monotonic=lambda: self.clock_s)
        self.reader.zone_histories = {
            "zone_b": a_history("zone", a_payment()),
            "zone_a": a_history("zone", a_payment(), a_payment()),
        }


async def test_the_pulse_is_the_sum_of_all_zones_and_names_them() -> None:
    ward = Ward()
    assert ward.keeper.current() is None
    await ward.keeper.feel()
    felt = ward.keeper.current()
    assert felt
    assert felt.pulse == pulse_of(ward.reader.zone_histories.values(), NOW_MS)
    assert felt.zones == {"zone_a": (1, 2, []), "zone_b": (1, 1, [])}


async def test_it_is_used_while_it_is_young() -> None:
    ward = Ward()
    await ward.keeper.feel()
    ward.clock_s += USABLE_S - 0.1
    assert ward.keeper.current()
    ward.clock_s += 0.1
    assert ward.keeper.current() is None


async def test_zones_that_cannot_be_read_let_it_grow_old() -> None:
    ward = Ward()
    await ward.keeper.feel()
    felt = ward.keeper.current()
    ward.reader.away = True
    ward.clock_s += EVERY_S
    await ward.keeper.feel()
    assert ward.keeper.current() is felt
    ward.clock_s += USABLE_S - EVERY_S
    assert ward.keeper.current() is None
    ward.reader.away = False
    await ward.keeper.feel()
    assert ward.keeper.current() == felt


async def test_its_age_counts_from_before_the_read() -> None:
    ward = Ward()
    ward.reader.before_read = lambda: setattr(ward, "clock_s", ward.clock_s + 20)
    await ward.keeper.feel()
    ward.clock_s += USABLE_S - 20
    assert ward.keeper.current() is None


async def test_a_city_never_heard_of_has_no_pulse() -> None:
    ward = Ward()
    ward.reader.zone_histories = {}
    await ward.keeper.feel()
    assert ward.keeper.current() is None


def test_equal_zones_have_equal_ids_in_any_order() -> None:
    one, two = History(version=3, positions=[1000, 7]), History(version=9, positions=[1001, 4])
    first = known_pulse({"zone_a": one, "zone_b": two}, NOW_MS)
    assert known_pulse({"zone_b": two, "zone_a": one}, NOW_MS + 5_000).id == first.id
    assert not any(character.isdigit() for character in first.id)


@pytest.mark.parametrize(
    "other",
    [
        History(version=4, positions=[1000, 7]),
        History(epoch=2, version=3, positions=[1000, 7]),
        History(version=3, positions=[1000, 8]),
    ],
    ids=["version", "epoch", "positions"],
)
def test_other_zones_have_other_ids(other: History) -> None:
    zone = History(version=3, positions=[1000, 7])
    assert known_pulse({"zone_a": zone}, NOW_MS).id != known_pulse({"zone_a": other}, NOW_MS).id
