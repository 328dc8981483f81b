"""Who goes through although it would be stopped: few, capped, the same at each retry, and told in the row."""

from array import array

import pytest
from cases import ALLOWED, BLOCKED, R2, VALUES, a_case, a_hit, in_force, judged, kept_of
from fakes import FakeModel

from app.pass_through import DAY_AMOUNT, Chance, PassedThrough, lottery, pass_through
from app.replaying import replay
from domain.catalogue import FEATURE_NAMES
from domain.decision import Verdict
from domain.display import DAY_MS
from domain.rules import Action

KEY = bytes(range(32))
DRAWN, MISSED = (Chance(propensity=0.005, drawn=drawn, most_minor=5_000) for drawn in (True, False))


def test_the_share_is_kept_over_many_cards() -> None:
    chance = lottery(KEY, 0.02, 5_000)
    drawn = sum(chance(f"card_{n}", DAY_MS).drawn for n in range(20_000))  # type: ignore[union-attr]
    assert drawn == pytest.approx(400, abs=80)


def test_a_card_is_drawn_for_a_whole_day_and_anew_the_next() -> None:
    chance = lottery(KEY, 0.5, 5_000)
    for card in (f"card_{n}" for n in range(50)):
        assert len({chance(card, DAY_MS + at_ms) for at_ms in (0, 1, DAY_MS - 1)}) == 1
    days = [chance("card_a", day * DAY_MS).drawn for day in range(60)]  # type: ignore[union-attr]
    assert 15 < sum(days) < 45


def test_who_does_not_know_the_key_cannot_tell_who_is_drawn() -> None:
    one, other = lottery(KEY, 0.5, 5_000), lottery(bytes(32), 0.5, 5_000)
    cards = [f"card_{n}" for n in range(400)]
    same = sum(one(card, 0) == other(card, 0) for card in cards)
    assert 140 < same < 260


@pytest.mark.parametrize("verdict", [Verdict.DECLINE, Verdict.CHALLENGE])
@pytest.mark.parametrize("chance", [DRAWN, MISSED])
def test_the_row_tells_of_each_chance_whether_it_was_drawn(verdict: Verdict, chance: Chance) -> None:
    passed = pass_through(verdict, chance, None, VALUES)
    assert passed == PassedThrough(instead_of=verdict, propensity=0.005, drawn=chance.drawn)


def spending(amount_minor: float) -> "array[float]":
    values = array("f", VALUES)
    values[DAY_AMOUNT] = amount_minor
    return values


@pytest.mark.parametrize(
    ("verdict", "chance", "entry", "vector"),
    [
        (Verdict.APPROVE, DRAWN, None, VALUES),
        (Verdict.REVIEW, DRAWN, None, VALUES),
        (Verdict.DECLINE, None, None, VALUES),
        (Verdict.DECLINE, DRAWN, BLOCKED, VALUES),
        (Verdict.DECLINE, DRAWN, ALLOWED, VALUES),
        (Verdict.DECLINE, DRAWN, None, None),
        (Verdict.DECLINE, DRAWN, None, spending(5_001)),
        (Verdict.DECLINE, DRAWN, None, spending(float("nan"))),
    ],
)
def test_nothing_else_has_a_chance(
    verdict: Verdict, chance: Chance | None, entry: object, vector: "array[float] | None"
) -> None:
    assert pass_through(verdict, chance, entry, vector) is None  # type: ignore[arg-type]


def test_up_to_the_cap_a_card_may_pass() -> None:
    assert pass_through(Verdict.DECLINE, DRAWN, None, spending(5_000))


def test_a_drawn_payment_is_approved_whatever_the_score_or_a_rule_says() -> None:
    by_score = judged(a_case(chance=DRAWN), in_force(), 0.9)
    by_rule = judged(a_case(chance=DRAWN), in_force(a_hit(Action.DECLINE)), 0.01)
    for judgement in (by_score, by_rule):
        assert judgement.reply.verdict == Verdict.APPROVE
        assert judgement.passed_through
        assert judgement.passed_through.instead_of == Verdict.DECLINE


def test_one_that_was_not_drawn_is_stopped_and_its_chance_told() -> None:
    judgement = judged(a_case(chance=MISSED), in_force(), 0.9)
    assert judgement.reply.verdict == Verdict.DECLINE
    assert judgement.passed_through == PassedThrough(
        instead_of=Verdict.DECLINE, propensity=0.005, drawn=False
    )


def test_below_the_model_and_on_block_lists_nothing_passes() -> None:
    dear = a_case(on=R2, amount_minor=50_000, chance=DRAWN)
    listed = judged(a_case(chance=DRAWN), in_force(entry=BLOCKED), 0.9)
    for judgement in (judged(dear, in_force()), listed):
        assert judgement.reply.verdict == Verdict.DECLINE
        assert judgement.passed_through is None


@pytest.mark.parametrize("chance", [DRAWN, MISSED])
def test_the_same_bytes_come_out_of_the_row_alone(chance: Chance) -> None:
    policies = in_force()
    kept = kept_of(a_case(chance=chance), policies, probability=0.9)
    assert replay(kept, FakeModel(0.9), policies).same


def test_the_feature_that_caps_it_is_the_money_on_the_card_within_a_day() -> None:
    assert FEATURE_NAMES[DAY_AMOUNT] == "card_amount_24h"
