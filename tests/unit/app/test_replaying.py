"""A decision is made again from its row, in memory; tests/integration has the rows of a real ledger."""

from collections.abc import Mapping
from datetime import timedelta, timezone
from typing import Any

import pytest
from cases import ALLOWED, BLOCKED, R0, R2, R3, VALUES, a_case, a_hit, in_force, kept_of
from fakes import FakeModel
from msgspec import structs

from app.assessment import POLICY_VERSION
from app.explaining import first_difference
from app.ladder import Footing
from app.ports import Evidence, Policies
from app.replaying import ReplayRefused, replay
from app.replies import decode_reply, encode_reply
from domain.decision import Rung, Verdict
from domain.errors import ModelRefused
from domain.rules import Action

EVERY_RUNG = [R0, structs.replace(R0, rung=Rung.R1, reason="features_ageing"), R2, R3]


@pytest.mark.parametrize("on", EVERY_RUNG)
@pytest.mark.parametrize("forced", [None, Verdict.CHALLENGE])
@pytest.mark.parametrize(
    "policies",
    [
        in_force(),
        in_force(entry=BLOCKED),
        in_force(entry=ALLOWED),
        in_force(a_hit(Action.REVIEW), a_hit(Action.ADD_SCORE), a_hit(Action.DECLINE, acted=False)),
    ],
)
def test_the_same_bytes_come_out(on: Footing, forced: Verdict | None, policies: Policies) -> None:
    kept = kept_of(a_case(on=on, forced=forced, normals={"amount": 1_833.67}), policies)
    made = replay(kept, FakeModel(0.3), policies)
    assert (made.same, made.reply) == (True, kept.reply)
    assert (made.scored is not None) is on.uses_model


def test_the_zone_of_the_clock_that_read_the_row_does_not_matter() -> None:
    kept = kept_of(a_case(), in_force())
    elsewhere = kept.decided_at.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert replay(structs.replace(kept, decided_at=elsewhere), FakeModel(0.3), in_force()).same


def test_without_a_vector_no_model_is_asked_for() -> None:
    assert replay(kept_of(a_case(on=R2), in_force()), None, in_force()).same


def test_a_policy_of_another_release_is_refused() -> None:
    kept = kept_of(a_case(), in_force(), policy_version="pol_other")
    with pytest.raises(ReplayRefused, match=f"policy pol_other, this release has {POLICY_VERSION}"):
        replay(kept, FakeModel(0.3), in_force())


class NewerModel(FakeModel):
    version = "mdl_newer"


@pytest.mark.parametrize("model", [None, NewerModel(0.3)])
def test_a_model_that_is_not_here_is_refused_with_what_to_do(model: FakeModel | None) -> None:
    with pytest.raises(ReplayRefused, match=r"dec_a was decided by model mdl_fake.*FAREGATE_MODEL_DIR"):
        replay(kept_of(a_case(), in_force()), model, in_force())


def test_a_model_that_fails_says_so() -> None:
    model = FakeModel(0.3)
    model.broken = True
    with pytest.raises(ModelRefused):
        replay(kept_of(a_case(), in_force()), model, in_force())


CHANGES: list[tuple[Mapping[str, Any], str]] = [
    ({"decision_id": "dec_b"}, "decision_id: 'dec_a' then, 'dec_b' now"),
    ({"rung_reason": "something"}, "rung_reason: None then, 'something' now"),
    ({"feature_age_ms": 7}, "feature_age_ms: 500 then, 7 now"),
    ({"evidence": Evidence(forced=Verdict.REVIEW)}, "verdict: 'approve' then, 'review' now"),
    ({"vector": VALUES.tobytes()[::-1]}, "reasons: "),
]


@pytest.mark.parametrize(("change", "told"), CHANGES)
def test_a_changed_row_is_told_by_its_first_difference(change: Mapping[str, Any], told: str) -> None:
    kept = structs.replace(kept_of(a_case(), in_force()), **change)
    made = replay(kept, FakeModel(0.3), in_force())
    assert not made.same
    assert first_difference(kept, made).startswith(told)


def test_a_changed_reply_is_told() -> None:
    kept = kept_of(a_case(), in_force())
    forged = encode_reply(structs.replace(decode_reply(kept.reply), score=0))
    changed = structs.replace(kept, reply=forged)
    made = replay(changed, FakeModel(0.3), in_force())
    assert first_difference(changed, made) == "score: 0 then, 41 now"


def test_bytes_that_say_the_same_otherwise_are_a_difference_too() -> None:
    kept = kept_of(a_case(), in_force())
    spaced = structs.replace(kept, reply=kept.reply.replace(b":", b": ", 1))
    made = replay(spaced, FakeModel(0.3), in_force())
    assert not made.same
    assert first_difference(spaced, made) == "the bytes differ, the members do not"


def test_other_policies_make_another_reply() -> None:
    kept = kept_of(a_case(), in_force())
    made = replay(kept, FakeModel(0.3), in_force(entry=BLOCKED))
    assert first_difference(kept, made) == "verdict: 'approve' then, 'decline' now"
