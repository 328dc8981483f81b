"""What the event schemas promise, that the promise is kept, and that nobody takes it back unseen."""

import json
import subprocess
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import pytest
from event_factories import ONE_OF_EACH
from jsonschema import Draft202012Validator
from msgspec import Meta, Struct, defstruct

from deploy.schemas import baseline, publication
from deploy.schemas.compatibility import Violation, violations
from deploy.schemas.event_schemas import event_schemas, name_of
from domain.events import Event, encode_event

ROOT = Path(__file__).resolve().parents[3]
NAME = "taxi.hailed.v1"


def limited(of: Any, **limits: Any) -> Any:
    return Annotated[of, Meta(**limits)]


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class FewerColours(StrEnum):
    RED = "red"


class MoreColours(StrEnum):
    RED = "red"
    BLUE = "blue"
    GREEN = "green"


class Stop(Struct):
    zone: str
    minutes: int = 0


class StopWithoutZone(Struct):
    minutes: int = 0


class StopWithTip(Struct):
    zone: str
    minutes: int = 0
    tip: int = 0


FIELDS: dict[str, Any] = {
    "id": limited(str, min_length=1, max_length=80),
    "fare": limited(int, gt=0, le=99),
    "lat": limited(float, ge=-90, le=90),
    "currency": limited(str, pattern="^[A-Z]$"),
    "paid": bool,
    "colour": Colour,
    "asked_by": Literal["rider", "driver"],
    "stops": limited(list[Stop], max_length=8),
    "notes": dict[str, int],
    "driver": (str | None, None),
    "tip": (int, 0),
    "version": (Literal[1], 1),
}
GONE = object()


def an_event(*, tag: str = "taxi.hailed", closed: bool = False, **changed: Any) -> type[Struct]:
    fields = {name: field for name, field in {**FIELDS, **changed}.items() if field is not GONE}
    listed = [(name, *(field if isinstance(field, tuple) else (field,))) for name, field in fields.items()]
    return defstruct("Hailed", listed, kw_only=True, tag=tag, tag_field="type", forbid_unknown_fields=closed)


def broken_by(changed: type[Struct]) -> list[Violation]:
    return violations(event_schemas([an_event()]), event_schemas([changed]))


INCOMPATIBLE = [
    ("fare", "renamed or removed", "", {"fare": GONE}),
    ("driver", "renamed or removed", "", {"driver": GONE}),
    ("fare", "retyped", "integer became string", {"fare": str}),
    ("fare", "retyped", "integer became number", {"fare": float}),
    ("fare", "retyped", "integer became integer or null", {"fare": int | None}),
    ("driver", "retyped", "null or string became integer or null", {"driver": (int | None, None)}),
    ("colour", "retyped", "one of a list became string", {"colour": str}),
    ("id", "retyped", "string became one of a list", {"id": Colour}),
    ("stops[]", "retyped", "object became string", {"stops": list[str]}),
    ("notes[]", "retyped", "integer became string", {"notes": dict[str, str]}),
    ("tip", "made required", "", {"tip": int}),
    ("tip", "given another default", "0 became 5", {"tip": (int, 5)}),
    ("promo", "added without a default", "", {"promo": str}),
    ("fare", "narrowed", "maximum 99 became maximum 98", {"fare": limited(int, gt=0, le=98)}),
    ("fare", "narrowed", "exclusiveMinimum 0 became exclusiveMinimum 1", {"fare": limited(int, gt=1, le=99)}),
    ("lat", "narrowed", "minimum -90 became exclusiveMinimum -90", {"lat": limited(float, gt=-90, le=90)}),
    ("id", "narrowed", "maxLength 80 became maxLength 40", {"id": limited(str, min_length=1, max_length=40)}),
    ("tip", "narrowed", "no limit became minimum 0", {"tip": (limited(int, ge=0), 0)}),
    ("currency", "narrowed", "pattern ^[A-Z]$ became pattern ^U$", {"currency": limited(str, pattern="^U$")}),
    ("stops", "narrowed", "maxItems 8 became maxItems 4", {"stops": limited(list[Stop], max_length=4)}),
    ("colour", "narrowed", "no longer blue", {"colour": FewerColours}),
    ("asked_by", "narrowed", "no longer driver", {"asked_by": Literal["rider"]}),
    ("stops[].zone", "renamed or removed", "", {"stops": limited(list[StopWithoutZone], max_length=8)}),
    ("", "closed", "unknown fields would be refused", {"closed": True}),
]  # fmt: skip
COMPATIBLE: list[dict[str, Any]] = [
    {},
    {"promo": (str | None, None)},
    {"fare": limited(int, ge=1, le=99)},
    {"fare": limited(int, ge=0, le=100)},
    {"lat": float},
    {"id": str},
    {"currency": str},
    {"colour": MoreColours},
    {"asked_by": Literal["rider", "driver", "nobody"]},
    {"paid": (bool, True)},
    {"stops": list[Stop]},
    {"stops": limited(list[StopWithTip], max_length=8)},
]


@pytest.mark.parametrize(("field", "rule", "detail", "change"), INCOMPATIBLE)
def test_a_change_that_breaks_a_promise_is_refused(
    field: str, rule: str, detail: str, change: dict[str, Any]
) -> None:
    assert broken_by(an_event(**change)) == [Violation(event=NAME, field=field, rule=rule, detail=detail)]


@pytest.mark.parametrize("change", COMPATIBLE, ids=str)
def test_a_change_that_keeps_every_promise_passes(change: dict[str, Any]) -> None:
    assert broken_by(an_event(**change)) == []


def test_a_new_name_is_a_loss_of_the_old_one() -> None:
    renamed = an_event(fare=GONE, price=(int, 1))
    assert [(v.field, v.rule) for v in broken_by(renamed)] == [("fare", "renamed or removed")]


def test_a_type_may_be_added_and_not_removed() -> None:
    both = event_schemas([an_event(), an_event(tag="taxi.left")])
    assert violations(event_schemas([an_event()]), both) == []
    assert violations(both, event_schemas([an_event()])) == [
        Violation(event="taxi.left.v1", field="", rule="removed")
    ]


def test_a_new_version_stands_beside_the_old_one() -> None:
    second = an_event(tag="taxi.hailed.v2", version=(Literal[2], 2), fare=str)
    both = event_schemas([an_event(), second])
    assert list(both) == [NAME, "taxi.hailed.v2"]
    assert violations(event_schemas([an_event()]), both) == []


def test_raising_the_version_in_place_removes_the_old_one() -> None:
    assert [v.rule for v in broken_by(an_event(version=(Literal[2], 2)))] == ["removed"]


def test_a_refusal_names_event_field_rule_and_what_to_do() -> None:
    [violation] = broken_by(an_event(fare=str))
    assert str(violation) == (
        "taxi.hailed v1, field fare: retyped (integer became string); keep its type,"
        " or declare version 2, see 'Change an event type' in docs/how-to.md."
    )
    assert (ROOT / "docs" / "how-to.md").read_text().count("## Change an event type") == 1


def test_the_committed_files_are_what_the_code_says_and_every_promise_is_kept() -> None:
    assert f"{len(get_args(Event))} types, all as promised" in publication.check(ROOT)


@pytest.mark.parametrize("event", [build() for build in ONE_OF_EACH], ids=lambda event: type(event).__name__)
def test_an_event_as_written_meets_its_schema(event: Event) -> None:
    schema = event_schemas()[name_of(type(event))]
    Draft202012Validator.check_schema(schema)
    written = json.loads(encode_event(event))
    Draft202012Validator(schema).validate(written)
    assert not Draft202012Validator(schema).is_valid({**written, "id": 7})


class Checkout:
    """A checkout of ours, as far as schemas go, in which the code says `events`."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        self._monkeypatch = monkeypatch

    def code_says(self, *events: type[Struct]) -> None:
        self._monkeypatch.setattr(publication, "event_schemas", lambda: event_schemas(events))

    def git(self, *command: str) -> None:
        told = ["-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", "-C", self.root, *told, *command], check=True, capture_output=True)

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "-m", "x")

    def schema(self) -> Path:
        return self.root / baseline.FOLDER / f"{NAME}.json"


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    """With one event's schema committed."""
    made = Checkout(tmp_path, monkeypatch)
    made.git("init", "--quiet")
    made.git("commit", "--quiet", "--allow-empty", "-m", "x")
    made.code_says(an_event())
    publication.write(tmp_path)
    made.commit()
    return made


def test_what_is_written_is_up_to_date(checkout: Checkout) -> None:
    assert publication.check(checkout.root) == "Event schemas: 1 types, all as promised."
    assert publication.write(checkout.root) == "docs/events is up to date."


def test_a_compatible_change_is_stale_until_written(checkout: Checkout) -> None:
    checkout.code_says(an_event(promo=(str | None, None)))
    with pytest.raises(
        publication.PublicationStale, match=r"taxi\.hailed\.v1\.json: .* Run `faregate schemas`"
    ):
        publication.check(checkout.root)
    assert f"{NAME}.json" in publication.write(checkout.root)
    assert publication.check(checkout.root)


@pytest.mark.parametrize("command", [publication.check, publication.write])
def test_a_broken_promise_is_refused_and_nothing_is_written(checkout: Checkout, command: Any) -> None:
    before = checkout.schema().read_bytes()
    checkout.code_says(an_event(fare=str))
    with pytest.raises(publication.PromiseBroken, match=r"taxi\.hailed v1, field fare: retyped"):
        command(checkout.root)
    assert checkout.schema().read_bytes() == before


@pytest.mark.parametrize("committed", [False, True])
@pytest.mark.parametrize("tampering", ["edited", "deleted"])
def test_no_change_of_the_tree_takes_a_promise_back(
    checkout: Checkout, tampering: str, committed: bool
) -> None:
    changed = an_event(fare=str)
    checkout.schema().unlink()
    if tampering == "edited":
        checkout.schema().write_text(json.dumps(event_schemas([changed])[NAME]))
    if committed:
        checkout.commit()
    checkout.code_says(changed)
    with pytest.raises(publication.PromiseBroken, match="field fare: retyped"):
        publication.write(checkout.root)


def test_each_version_that_was_committed_binds(checkout: Checkout) -> None:
    for event in (an_event(promo=(int, 0)), an_event(promo=(int, 0), voucher=(int, 0))):
        checkout.code_says(event)
        publication.write(checkout.root)
        checkout.commit()
    checkout.schema().unlink()
    checkout.code_says(an_event(voucher=(int, 0)))
    with pytest.raises(publication.PromiseBroken, match="field promo: renamed or removed"):
        publication.check(checkout.root)


def test_what_a_merged_branch_tried_on_its_way_promised_nothing(checkout: Checkout) -> None:
    checkout.git("checkout", "--quiet", "-b", "trial")
    for field in ("promo", "voucher"):
        checkout.schema().unlink()
        checkout.schema().write_text(json.dumps(event_schemas([an_event(**{field: (int, 0)})])[NAME]))
        checkout.commit()
    checkout.git("checkout", "--quiet", "-")
    checkout.git("merge", "--quiet", "--no-ff", "-m", "x", "trial")
    checkout.code_says(an_event(voucher=(int, 0)))
    publication.write(checkout.root)
    assert publication.check(checkout.root)


def test_without_a_history_the_tree_binds_and_that_is_said(checkout: Checkout) -> None:
    (checkout.root / ".git").rename(checkout.root / "elsewhere")
    assert "committed files only: there is no git history here" in publication.check(checkout.root)
    checkout.code_says(an_event(fare=str))
    with pytest.raises(publication.PromiseBroken):
        publication.write(checkout.root)


def test_a_shallow_clone_says_so(checkout: Checkout, tmp_path_factory: pytest.TempPathFactory) -> None:
    checkout.code_says(an_event(promo=(int, 0)))
    publication.write(checkout.root)
    checkout.commit()
    clone = tmp_path_factory.mktemp("clone") / "shallow"
    checkout.git("clone", "--quiet", "--depth", "1", f"file://{checkout.root}", str(clone))
    assert "git's history is cut short here" in publication.check(clone)


def test_a_history_that_cannot_be_read_is_an_error(checkout: Checkout) -> None:
    (checkout.root / ".git" / "HEAD").write_text("gone")
    with pytest.raises(baseline.BaselineUnreadable, match="git rev-parse failed"):
        publication.check(checkout.root)


def test_a_schema_that_is_no_json_is_named(checkout: Checkout) -> None:
    checkout.schema().write_text("<<<<<<<")
    with pytest.raises(baseline.BaselineUnreadable, match=f"{NAME}.json is no JSON: restore it"):
        publication.check(checkout.root)
