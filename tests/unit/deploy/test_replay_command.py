"""What `faregate replay` accepts, and what it adds up."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from deploy.cli.replay import ReplayRefused, command, period_of
from deploy.embedded.errors import StackError
from deploy.embedded.home import Home
from deploy.parity.comparison import Difference, Judged
from deploy.parity.tally import SHOWN_AT_MOST, Tally
from domain.topics import RIDES
from feature_repo.archive_folder import ArchiveFolder

DIFFERENCE = Difference(decision_id="dec_a", feature="amount", stored=1.0, rebuilt=None)
HOUR = ("2026-11-25T08:00:00Z", "2026-11-25T09:00:00Z")


def test_times_have_any_offset() -> None:
    since, until = period_of("2026-11-25T10:00:00+02:00", HOUR[1])
    assert since == datetime(2026, 11, 25, 8, tzinfo=UTC)
    assert until == datetime(2026, 11, 25, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("since", "until", "why"),
    [
        ("yesterday", HOUR[1], "--from 'yesterday' is not a time"),
        (HOUR[0], "2026-11-25T09:00:00", "--to 2026-11-25T09:00:00 has no offset"),
        (HOUR[1], HOUR[0], "is not before"),
        (HOUR[0], HOUR[0], "is not before"),
    ],
)
def test_bad_times_are_refused_by_name(since: str, until: str, why: str) -> None:
    with pytest.raises(ReplayRefused, match=why):
        period_of(since, until)


def test_an_empty_archive_says_what_to_wait_for(tmp_path: Path) -> None:
    with pytest.raises(ReplayRefused, match="Nothing is archived"):
        command(Home(root=tmp_path), {}, period_of(*HOUR), limit=None, hindsight=False)


def test_a_stack_that_is_down_is_named(tmp_path: Path) -> None:
    home = Home(root=tmp_path)
    ArchiveFolder(home.archive / "raw").set_position(RIDES, RIDES.name, 0, 7)
    with pytest.raises(StackError, match="faregate up"):
        command(home, {}, period_of(*HOUR), limit=None, hindsight=False)


def judged(**given: object) -> Judged:
    return Judged(**{"decision_id": "dec_a", **given})  # type: ignore[arg-type]


def test_each_decision_is_as_known_or_differs_or_is_outside_the_claim() -> None:
    tally = Tally()
    tally.take(judged())
    tally.take(judged(differences=(DIFFERENCE,), outside=(DIFFERENCE,), saturated=True))
    tally.take(judged(outside=(DIFFERENCE,), saturated=True))
    told = tally.as_dict()
    assert (told["decisions"], told["as_known"], told["differences"]) == (3, 1, 1)
    assert (told["saturated"], told["saturated_different"]) == (2, 1)
    assert told["with_hindsight"] is None


def test_hindsight_is_told_with_what_it_moves() -> None:
    tally = Tally()
    tally.take(judged(hindsight=()))
    tally.take(judged(hindsight=("user_speed", "card_payments_5m")))
    tally.take(judged(hindsight=("user_speed",)))
    told = tally.as_dict()
    assert told["with_hindsight"] == 1
    assert told["moved_by_hindsight"] == {"user_speed": 2, "card_payments_5m": 1}


def test_only_the_first_differences_are_kept() -> None:
    tally = Tally()
    for _ in range(10):
        tally.take(judged(differences=(DIFFERENCE,) * 9))
    assert len(tally.differences) == SHOWN_AT_MOST
    assert tally.differing == 10
