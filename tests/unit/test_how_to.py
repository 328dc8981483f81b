"""docs/how-to.md is followed to the letter: what it tells people to write is written and works."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

import pytest

from data_generator.acts import Act, Answer, Pay, Publish, Spawn, Story
from data_generator.belongings import Belongings
from data_generator.identity import IdStream
from data_generator.population import City
from data_generator.world import present_world
from deploy.schemas.compatibility import violations
from deploy.schemas.event_schemas import event_schemas
from domain import events
from domain.catalogue import FEATURE_NAMES, SIGNATURE
from domain.decision import Verdict
from domain.events import CardAdded

ROOT = Path(__file__).resolve().parents[2]
HOW_TO = (ROOT / "docs" / "how-to.md").read_text()
PAY_AT_MS = 1_790_000_000_000

# Reads the copied domain: what its catalogue says of a rider who was declined once, in two zones.
ASK = """
import json
from event_factories import NOW_MS, a_history, a_payment, a_transaction
from domain.catalogue import FEATURE_NAMES, FEATURES, SIGNATURE
from domain.decision import Verdict
from domain.reasons import reason
from domain.vector import observe, vector

past = a_payment(at_ms=NOW_MS - 60_000, pickup_zone="zone_c", verdict=Verdict.DECLINE)
moment = observe(user=a_history("user", past), transaction=a_transaction(), as_of_ms=NOW_MS)
values = dict(zip(FEATURE_NAMES, vector(moment)))
sentences = {f.name: reason(f, values[f.name], 0.1, None, "USD").sentence for f in FEATURES}
print(json.dumps({"values": values, "sentences": sentences, "signature": SIGNATURE}))
"""


def block(name: str) -> str:
    [code] = re.findall(rf"^```python {name}\n(.*?)^```$", HOW_TO, flags=re.DOTALL | re.MULTILINE)
    return str(code)


def insert(file: Path, code: str, *, after: str, before: str) -> None:
    head, mark, rest = file.read_text().partition(after)
    top, end, tail = rest.partition(before)
    assert end, f"{file} has no {before!r}"
    file.write_text(head + mark + top + code + end + tail)


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the domain and its tests in which somebody added the features."""
    copy = tmp_path_factory.mktemp("checkout")
    ours = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "domain", copy / "domain", ignore=ours)
    shutil.copytree(ROOT / "tests" / "unit" / "domain", copy / "tests" / "unit" / "domain", ignore=ours)
    shutil.copy(ROOT / "tests" / "event_factories.py", copy / "tests")
    shutil.copy(ROOT / "pyproject.toml", copy)
    insert(copy / "domain" / "catalogue.py", block("catalogue"), after="\nFEATURES:", before=")  # fmt: skip")
    vector_test = copy / "tests" / "unit" / "domain" / "test_vector.py"
    insert(vector_test, block("expected"), after="\nEXPECTED", before="}\n")
    return copy


def python(copy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    path = {"PYTHONPATH": f"{copy}:{copy / 'tests'}", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=copy, env=path, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def answer(followed: Path) -> dict[str, Any]:
    asked = python(followed, "-c", ASK)
    assert asked.returncode == 0, asked.stderr
    told: dict[str, Any] = json.loads(asked.stdout)
    return told


def test_the_new_features_are_the_last_in_the_vector_with_their_values(answer: dict[str, Any]) -> None:
    assert list(answer["values"])[:-2] == list(FEATURE_NAMES)
    assert list(answer["values"].items())[-2:] == [("user_zones_7d", 2), ("user_lifetime_declines", 1)]


def test_the_signature_has_changed(answer: dict[str, Any]) -> None:
    assert answer["signature"] != SIGNATURE


def test_a_sentence_is_written(answer: dict[str, Any]) -> None:
    sentences = answer["sentences"]
    assert sentences["user_zones_7d"] == "zones the rider started from within 7 days: 2"
    assert sentences["user_lifetime_declines"] == "payments by the rider declined so far: 1"


def test_the_tests_that_look_at_single_features_are_green(followed: Path) -> None:
    assert ".venv/bin/python -m pytest tests/unit/domain\n" in HOW_TO
    folder = "tests/unit/domain"
    by_hand = f"{folder}/test_vector.py::test_every_feature_has_the_value_worked_out_by_hand"
    run = python(
        followed, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"{folder}/test_catalogue.py", by_hand
    )
    assert run.returncode == 0, run.stdout


def acts_of(story: Story) -> Iterator[Act | Spawn]:
    reply = None
    while True:
        try:
            act = story.send(reply)
        except StopIteration:
            return
        yield act
        reply = Answer(at_ms=act.at_ms, verdict=Verdict.APPROVE) if isinstance(act, Pay) else None


def test_the_fraud_pattern_plays() -> None:
    pattern = ModuleType("inside_job")
    exec(block("pattern"), pattern.__dict__)  # noqa: S102 - our own document
    city = City(3, 50)
    world = present_world(city, Belongings(3, "test"), IdStream(3, "test"), 1.0)
    acts = list(acts_of(pattern.inside_job(world, Random(1), city.rider(5), PAY_AT_MS)))
    payments = [act for act in acts if isinstance(act, Pay)]
    assert 3 <= len(payments) <= 6
    assert {payment.fraud for payment in payments} == {pattern.NAME}
    assert {payment.transaction.user_id for payment in payments} == {city.rider(5).user_id}
    assert any(isinstance(act, Publish) and isinstance(act.event, CardAdded) for act in acts)


def test_the_event_type_and_its_next_version_are_new_contracts() -> None:
    declared = dict(vars(events))
    exec(block("event") + "\n\n" + block("version"), declared)  # noqa: S102 - our own document
    first, second = declared["DriverRated"], declared["DriverRatedAgain"]
    assert list(event_schemas([first, second])) == ["driver.rated.v1", "driver.rated.v2"]
    assert violations(event_schemas([first]), event_schemas([first, second])) == []
    assert [v.rule for v in violations(event_schemas([first]), event_schemas([second]))] == ["removed"]


def test_every_file_that_is_named_is_there() -> None:
    made_by_the_reader = {"data_generator/fraud/<name>.py", "tests/fixtures/events/v1/driver.rated.json"}
    made_by_the_reader |= {"tests/fixtures/events/v2/driver.rated.json"}
    named = set(re.findall(r"`([\w<>./-]+/[\w<>./-]*)`", HOW_TO)) - made_by_the_reader
    assert len(named) > 10
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


def test_it_is_short() -> None:
    assert len(HOW_TO.splitlines()) <= 120
