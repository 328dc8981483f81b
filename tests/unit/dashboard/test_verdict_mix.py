from datetime import UTC, datetime, timedelta

from readings_factories import NOW

from dashboard import verdict_mix
from dashboard.ledger_reader import BUCKETS, slice_of
from dashboard.readings import AlertBucket, VerdictTotal
from domain.decision import Verdict

WIDTH = slice_of(60)


def bucket(minute: int, verdict: Verdict, payments: int) -> AlertBucket:
    return AlertBucket(
        starts_at=datetime(2026, 3, 1, 11, minute, tzinfo=UTC), verdict=verdict, payments=payments
    )


def test_every_verdict_has_a_share_even_with_no_payment() -> None:
    of = verdict_mix.shares(
        [
            VerdictTotal(verdict=Verdict.APPROVE, payments=1_996, amount_minor=1),
            VerdictTotal(verdict=Verdict.DECLINE, payments=4, amount_minor=1),
        ]
    )
    assert [(share.verdict, share.payments, share.share) for share in of] == [
        (Verdict.APPROVE, "1,996", "99.8 %"),
        (Verdict.REVIEW, "0", "0.0 %"),
        (Verdict.CHALLENGE, "0", "0.0 %"),
        (Verdict.DECLINE, "4", "0.2 %"),
    ]
    assert {share.share for share in verdict_mix.shares([])} == {""}


def test_slices_are_cut_as_the_database_cuts_them() -> None:
    starts = verdict_mix.slice_starts(NOW, WIDTH, BUCKETS)
    assert timedelta(minutes=2) == WIDTH
    assert (starts[0], starts[-1]) == (
        datetime(2026, 3, 1, 11, 2, tzinfo=UTC),
        datetime(2026, 3, 1, 12, 0, tzinfo=UTC),
    )


def test_bars_are_scaled_to_the_highest() -> None:
    buckets = [
        bucket(2, Verdict.DECLINE, 3),
        bucket(2, Verdict.REVIEW, 1),
        bucket(4, Verdict.CHALLENGE, 2),
        bucket(0, Verdict.DECLINE, 9),  # begins before the first bar: the slice is not whole
    ]
    of = verdict_mix.mix([], buckets, now=NOW, width=WIDTH, bars=BUCKETS)
    assert len(of.bars) == BUCKETS
    assert of.bars[0].heights == {Verdict.DECLINE: 0.75, Verdict.REVIEW: 0.25}
    assert of.bars[0].tip == "11:02:00: 3 declined, 1 review"
    assert of.bars[1].heights == {Verdict.CHALLENGE: 0.5}
    assert (of.most, of.starts, of.ends) == (4, "11:02:00", "12:00:30")


def test_no_alerts_are_empty_bars() -> None:
    of = verdict_mix.mix([], [], now=NOW, width=WIDTH, bars=BUCKETS)
    assert {bar.tip.partition(": ")[2] for bar in of.bars} == {"no alerts"}
    assert of.most == 0
