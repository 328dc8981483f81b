"""`faregate replay`: decisions of the past computed again from raw events; do they come out equal?"""

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from deploy.cli.database import connect
from deploy.embedded.home import Home
from deploy.parity.comparison import Difference
from deploy.parity.ledger import ParityLedger
from deploy.parity.replay import Period, replay
from deploy.parity.tally import Tally
from domain.display import count, percent
from domain.errors import FaregateError
from feature_repo.raw_archive import RawArchive

ROLE = "faregate_learner"


class ReplayRefused(FaregateError):
    """There is nothing to replay, or not said what."""


def command(home: Home, env: Mapping[str, str], period: Period, *, limit: int | None, hindsight: bool) -> int:
    """Exit code 1 when a decision does not come out as it was."""
    archive = RawArchive(home.archive / "raw")
    if not any(archive.end_positions().values()):
        raise ReplayRefused(f"Nothing is archived in {archive.root} yet: the writer does it every 15 s.")
    console, began = Console(stderr=True), time.monotonic()
    with connect(home, env, ROLE) as connection:
        ledger = ParityLedger(connection)
        wanted = min(ledger.count(*period), limit or 10**12)
        if not wanted:
            raise ReplayRefused(f"No decision was made from {period.since} to {period.until}.")
        with _progress(console) as progress:
            task = progress.add_task("Replaying", total=wanted)
            tally = replay(
                ledger,
                archive,
                period,
                limit=limit,
                hindsight=hindsight,
                on_progress=lambda done: progress.update(task, completed=done),
            )
    seconds = time.monotonic() - began
    _tell(console, tally, seconds)
    print(json.dumps(tally.as_dict() | {"decisions_per_s": round(tally.decisions / seconds, 1)}))
    return 1 if tally.differing else 0


def period_of(since: str, until: str) -> Period:
    """Raises ReplayRefused for what is no time, or not in order."""
    period = Period(_time("--from", since), _time("--to", until))
    if period.since >= period.until:
        raise ReplayRefused(f"--from {since} is not before --to {until}.")
    return period


def _time(option: str, text: str) -> datetime:
    try:
        time_of = datetime.fromisoformat(text)
    except ValueError as problem:
        raise ReplayRefused(f"{option} {text!r} is not a time like 2026-11-25T08:30:00Z.") from problem
    if time_of.tzinfo is None:
        raise ReplayRefused(f"{option} {text} has no offset: write {text}Z for UTC.")
    return time_of.astimezone(UTC)


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, console=console, transient=True)


def _tell(console: Console, tally: Tally, seconds: float) -> None:
    if tally.differences:
        console.print(_table(tally.differences))
    lines = [
        f"{count(tally.as_known)} of {count(tally.decisions)} decisions come out as they were, "
        f"{tally.decisions / seconds:,.0f} a second"
    ]
    if tally.asked_in_hindsight:
        share = percent(tally.with_hindsight / tally.asked_in_hindsight)
        lines.append(f"{share} would be the same with hindsight; what it moves most: {_most_moved(tally)}")
    if tally.outside:
        lines.append(
            f"{count(tally.outside)} differ only in saturated histories, where repeats may count twice"
        )
    if tally.not_archived_yet:
        lines.append(f"{count(tally.not_archived_yet)} knew of events that are not archived yet")
    lines += [f"{count(number)} left out: {why}" for why, number in tally.left_out.items()]
    for line in lines:
        console.print(line, highlight=False)


def _most_moved(tally: Tally) -> str:
    moved = tally.moved_by_hindsight.most_common(3)
    return ", ".join(f"{feature} ({count(number)})" for feature, number in moved) or "nothing"


def _table(differences: list[Difference]) -> Table:
    table = Table(title=f"The first {len(differences)} differences")
    for column in ("decision", "feature", "stored", "rebuilt"):
        table.add_column(column)
    for found in differences:
        table.add_row(found.decision_id, found.feature, _value(found.stored), _value(found.rebuilt))
    return table


def _value(value: float | None) -> str:
    return "missing" if value is None else f"{value:.9g}"
