import pytest
from readings_factories import a_detail, a_reason, a_row, an_alert

from dashboard import markup
from dashboard.decision_view import Fact
from dashboard.health import Level, Line
from dashboard.money_tiles import Tile
from domain.decision import Outcome, Rung, Verdict

EVIL = "<script>alert('1')</script>"
ESCAPED = "&lt;script&gt;"


@pytest.mark.parametrize(
    "piece",
    [
        markup.decisions(
            [a_row(decision_id=EVIL, user_id=EVIL, card_id=EVIL, pickup_zone=EVIL)], period_min=5, opened=None
        ),
        markup.alerts(
            [an_alert(decision_id=EVIL, reasons=[a_reason(sentence=EVIL)])], period_min=5, opened=None
        ),
        markup.decision(a_detail(decision_id=EVIL, ride_id=EVIL, model_version=EVIL), period_min=5),
        markup.unknown_decision(EVIL, period_min=5),
        markup.health([Line(name=EVIL, value=EVIL, level=Level.BAD, note=EVIL)]),
        markup.headline(Line(name="a", value=EVIL, level=Level.BAD, note=EVIL)),
        markup.tiles([Tile(name=EVIL, value=EVIL, note=EVIL)]),
        markup.values([Fact(name=EVIL, value=EVIL)]),
        markup.notice(EVIL),
        markup.title(EVIL, EVIL),
    ],
)
def test_nothing_from_data_becomes_markup(piece: str) -> None:
    assert ESCAPED in piece
    assert "<script" not in piece
    assert "'1'" not in piece


def test_a_decision_s_link_keeps_the_period() -> None:
    piece = markup.decisions([a_row()], period_min=15, opened=None)
    assert "href='?period=15+min&amp;decision=dec_a'" in piece
    assert "data-decision='dec_a'" in piece


def test_the_opened_decision_is_marked() -> None:
    piece = markup.decisions([a_row(), a_row(decision_id="dec_b")], period_min=5, opened="dec_b")
    assert piece.count("fg-opened") == 1


def test_a_row_shows_money_score_and_rung() -> None:
    piece = markup.decisions([a_row(rung=Rung.R1, score=41)], period_min=5, opened=None)
    assert "$18.50" in piece
    assert ">41<" in piece
    assert "full model on ageing features" in piece


def test_alerts_tell_why_and_what_came_of_it() -> None:
    piece = markup.alerts(
        [an_alert(verdict=Verdict.CHALLENGE, last_outcome=Outcome.CHALLENGE_FAILED)],
        period_min=5,
        opened=None,
    )
    assert "6 payments on this card within 5 minutes." in piece
    assert "challenge failed" in piece
    assert "challenged" in piece


def test_a_decision_without_reasons_or_outcomes_says_so() -> None:
    piece = markup.decision(a_detail(reasons=[]), period_min=5)
    assert "Nothing spoke against this payment." in piece
    assert "Nothing has been reported yet." in piece


def test_money_lost_is_the_only_loss() -> None:
    piece = markup.tiles([Tile(name="Missed", value="$1.00", note="", is_loss=True)])
    assert "fg-loss" in piece


def test_commands_are_set_off() -> None:
    assert "<code>faregate up</code>" in markup.notice("run `faregate up`")
