"""Records of every event as it was ever written: all are still read and folded, and leave what they left.

A fixture is a record as it stands in topics and archives. It is never changed; a field that is added brings a
case of its own, which bears it.
"""

import json
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, get_args

import pytest

from deploy.schemas.event_schemas import event_schemas
from domain.events import Event, decode_event, encode_event, event_time_ms, to_ms
from domain.fold import fold
from domain.history import TILES_FIELD
from domain.profile import fold_profile
from domain.tiles import HOUR, LAYOUTS, total
from flink_jobs.routing import targets

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "events"
SCHEMAS = event_schemas()


def fixture_of(name: str) -> Path:
    """`payment.decided.v1` is in v1/payment.decided.json."""
    event, _, version = name.rpartition(".v")
    return FIXTURES / f"v{version}" / f"{event.removesuffix(f'.v{version}')}.json"


def cases_of(name: str) -> dict[str, Any]:
    cases: dict[str, Any] = json.loads(fixture_of(name).read_text())
    return cases


CASES = [
    pytest.param(case["event"], case["leaves"], id=f"{file.stem}, {title}")
    for file in sorted(FIXTURES.rglob("*.json"))
    for title, case in json.loads(file.read_text()).items()
]


def read(record: dict[str, Any]) -> Event:
    told_at = datetime.fromisoformat(record["event_time"])
    return decode_event(json.dumps(record).encode(), to_ms(told_at) + 40)


def kind_of(target: str) -> str:
    return target.partition(":")[0]


def folded(kind: str, state: Any, event: Event) -> Any:
    fold_it: Any = fold_profile if kind == "profile" else partial(fold, kind)  # type: ignore[arg-type]
    return fold_it(state, event, event_time_ms(event) + 40, (2, 41))


def left_by(event: Event, kind: str) -> tuple[Any, dict[str, int]]:
    """A history or profile made of nothing but the event, and the sums of the hour."""
    state = folded(kind, None, event)
    if kind == "profile":
        return state, {}
    rows, layout = getattr(state, TILES_FIELD[HOUR]), LAYOUTS[kind]
    return state, {name: total(rows, layout, HOUR, event_time_ms(event), name) for name in layout.sums}


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_event_has_a_fixture_that_bears_each_of_its_fields(name: str) -> None:
    assert fixture_of(name).exists(), f"write records of {name} into {fixture_of(name)}"
    borne = {field for case in cases_of(name).values() for field in case["event"]}
    assert borne == set(SCHEMAS[name]["properties"])


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_event_has_a_record_with_nothing_but_what_must_be_there(name: str) -> None:
    assert any(set(case["event"]) == set(SCHEMAS[name]["required"]) for case in cases_of(name).values())


def test_no_fixture_is_of_an_event_that_is_no_more() -> None:
    assert set(FIXTURES.rglob("*.json")) == {fixture_of(name) for name in SCHEMAS}
    assert len(SCHEMAS) == len(get_args(Event))


@pytest.mark.parametrize(("record", "leaves"), CASES)
def test_a_record_of_the_past_is_read_as_what_it_says(record: dict[str, Any], leaves: dict[str, Any]) -> None:
    event = read(record)
    written = json.loads(encode_event(event))
    assert {field: written[field] for field in record} == record
    assert {f"{kind}:{entity}" for kind, entity in targets(event)} == set(leaves)


@pytest.mark.parametrize(("record", "leaves"), CASES)
def test_a_record_of_the_past_leaves_what_it_left(record: dict[str, Any], leaves: dict[str, Any]) -> None:
    event = read(record)
    for target, expected in leaves.items():
        state, sums = left_by(event, kind_of(target))
        wanted = dict(expected)
        hour = wanted.pop("sums", {})
        assert {name: sums[name] for name in hour} == hour, target
        assert {name: getattr(state, name) for name in wanted} == wanted, target
        assert state.version == 1


@pytest.mark.parametrize(("record", "leaves"), CASES)
def test_a_record_told_twice_changes_nothing(record: dict[str, Any], leaves: dict[str, Any]) -> None:
    event = read(record)
    for target in leaves:
        state, _ = left_by(event, kind_of(target))
        assert folded(kind_of(target), state, event) is state
