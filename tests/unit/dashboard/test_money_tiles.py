from readings_factories import a_snapshot, an_empty_snapshot

from dashboard import money_tiles
from dashboard.readings import ChargebackTotal, VerdictTotal
from domain.decision import Verdict

VERDICTS = [
    VerdictTotal(verdict=Verdict.APPROVE, payments=970, amount_minor=1_800_000),
    VerdictTotal(verdict=Verdict.REVIEW, payments=10, amount_minor=30_000),
    VerdictTotal(
        verdict=Verdict.CHALLENGE, payments=12, amount_minor=40_000, released_payments=5, released_minor=9_000
    ),
    VerdictTotal(verdict=Verdict.DECLINE, payments=8, amount_minor=50_000),
]
CHARGEBACKS = [
    ChargebackTotal(verdict=Verdict.APPROVE, chargebacks=1, amount_minor=2_150),
    ChargebackTotal(verdict=Verdict.REVIEW, chargebacks=2, amount_minor=5_000),
]


def test_decided_is_everything() -> None:
    tile = money_tiles.decided(VERDICTS, 60)
    assert (tile.value, tile.note) == ("$19,200.00", "1,000 payments, 17 a minute")
    assert money_tiles.decided(VERDICTS, 5).note == "1,000 payments, 3.3 a second"
    assert money_tiles.decided(VERDICTS[-1:], 15).note == "8 payments"


def test_a_passed_challenge_is_not_stopped_money() -> None:
    tile = money_tiles.stopped(VERDICTS)
    assert tile.value == "$810.00"
    assert tile.note.startswith("15 payments declined")


def test_review_lets_the_payment_through() -> None:
    assert money_tiles.in_review(VERDICTS).value == "$300.00"


def test_only_what_was_approved_is_missed() -> None:
    tile = money_tiles.missed(CHARGEBACKS)
    assert (tile.value, tile.is_loss) == ("$21.50", True)
    assert tile.note.startswith("1 chargeback arrived")


def test_charged_back_is_whatever_the_verdict_was() -> None:
    tile = money_tiles.charged_back(CHARGEBACKS)
    assert tile.value == "$71.50"
    assert tile.note.startswith("3 chargebacks arrived")


def test_red_is_only_for_money_lost() -> None:
    of = money_tiles.tiles(a_snapshot(verdicts=VERDICTS, chargebacks=CHARGEBACKS))
    assert [tile.name for tile in of if tile.is_loss] == ["Missed"]
    nothing = money_tiles.tiles(an_empty_snapshot())
    assert {tile.value for tile in nothing} == {"$0.00"}
    assert not any(tile.is_loss for tile in nothing)
