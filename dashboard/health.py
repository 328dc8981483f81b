"""Is Faregate well? Each part of the pipeline in one line, and the worst of them in one sentence."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import IntEnum

from msgspec import Struct

from app.ladder import FRESH_MS, USABLE_MS
from dashboard.readings import (
    DecisionRow,
    DecisionTimes,
    Parity,
    Pipeline,
    RungTotal,
    Snapshot,
    StreamReading,
)
from dashboard.wording import RUNGS
from domain.decision import Rung
from domain.display import MINUTE_MS, count, duration_ms, percent
from domain.events import to_ms
from domain.online_store import decode_watermark
from domain.topics import DEAD_LETTER

QUIET_AFTER_MS = 30_000
WRITER_SILENT_MS = 5_000
OUTBOX_LATE_MS = 2_000
OUTBOX_STUCK_MS = 30_000
FULL_SHARE = 0.99
DECISION_LIMIT_MS = 50
PARITY_OLD_MS = 10 * MINUTE_MS


class Level(IntEnum):
    WELL = 0
    UNKNOWN = 1
    WATCH = 2
    BAD = 3


class Line(Struct, frozen=True, kw_only=True):
    """One part: its value now, and what it means or what to do when it is not well."""

    name: str
    value: str
    level: Level
    note: str = ""
    in_headline: bool = True  # False of what mends itself


def lines(snapshot: Snapshot, stream: StreamReading) -> list[Line]:
    pipeline = snapshot.pipeline
    return [
        last_decision(snapshot.newest, pipeline.now),
        decision_time(snapshot.times),
        full_model(snapshot.rungs),
        feature_age(pipeline),
        writer(pipeline),
        outbox(pipeline),
        parity(snapshot.parity, pipeline.now),
        *job(stream),
        *dead_letters(stream),
        model(snapshot.newest),
    ]


def headline(of: Iterable[Line]) -> Line:
    """The worst line as a sentence for the top of the page."""
    worst = max((line for line in of if line.in_headline), key=lambda line: line.level)
    if worst.level < Level.WATCH:
        return Line(name="well", value="Deciding normally", level=Level.WELL)
    return Line(name=worst.name, value=f"{worst.name}: {worst.value}", level=worst.level, note=worst.note)


def last_decision(newest: list[DecisionRow], now: datetime) -> Line:
    name = "Last decision"
    if not newest:
        return Line(name=name, value="none yet", level=Level.UNKNOWN, note="no payment has come in so far")
    ago_ms = _since_ms(newest[0].decided_at, now)
    if ago_ms > QUIET_AFTER_MS:
        note = "no payments come in: nobody pays, or callers cannot reach the API"
        return Line(name=name, value=f"{duration_ms(ago_ms)} ago", level=Level.WATCH, note=note)
    return Line(name=name, value=f"{duration_ms(ago_ms)} ago", level=Level.WELL)


def decision_time(times: DecisionTimes) -> Line:
    name = "Decision time"
    if times.p50_us is None or times.p99_us is None:
        return Line(name=name, value="no decisions", level=Level.UNKNOWN)
    p50_ms, p99_ms = times.p50_us / 1000, times.p99_us / 1000
    value = f"{duration_ms(p50_ms)}, p99 {duration_ms(p99_ms)}"
    if p99_ms > DECISION_LIMIT_MS:
        return Line(
            name=name, value=value, level=Level.WATCH, note=f"callers are promised {DECISION_LIMIT_MS} ms"
        )
    return Line(name=name, value=value, level=Level.WELL)


def full_model(rungs: list[RungTotal]) -> Line:
    """The share on R0, and what the others were decided on."""
    name, total = "On the full model", sum(rung.decisions for rung in rungs)
    if not total:
        return Line(name=name, value="no decisions", level=Level.UNKNOWN)
    shares = {row.rung: row.decisions / total for row in rungs}
    lower = [f"{percent(share)} {r}: {RUNGS[r]}" for r, share in sorted(shares.items()) if r is not Rung.R0]
    full = shares.get(Rung.R0, 0.0)
    return Line(
        name=name,
        value=f"{percent(full)} R0",
        level=Level.WELL if full >= FULL_SHARE else Level.WATCH,
        note="; ".join(lower),
    )


def feature_age(pipeline: Pipeline) -> Line:
    name = "Feature age"
    if pipeline.watermark is None:
        note = "nothing has come through relay, Flink and writer yet: see `faregate status`"
        return Line(name=name, value="unknown", level=Level.BAD, note=note)
    age_ms = max(0, to_ms(pipeline.now) - decode_watermark(pipeline.watermark))
    if age_ms > USABLE_MS:
        note = "payments are decided on their own data only: see the logs of relay, Flink and writer"
        return Line(name=name, value=duration_ms(age_ms), level=Level.BAD, note=note)
    if age_ms > FRESH_MS:
        note = f"fresh is at most {duration_ms(FRESH_MS)}"
        return Line(name=name, value=duration_ms(age_ms), level=Level.WATCH, note=note)
    return Line(name=name, value=duration_ms(age_ms), level=Level.WELL)


def writer(pipeline: Pipeline) -> Line:
    name = "Writer last wrote"
    if pipeline.watermark_written_at is None:
        return Line(name=name, value="never", level=Level.BAD, note="see logs/writer.log")
    ago_ms = _since_ms(pipeline.watermark_written_at, pipeline.now)
    value = f"{duration_ms(ago_ms)} ago"
    if ago_ms > WRITER_SILENT_MS:
        return Line(name=name, value=value, level=Level.WATCH, note="heartbeats come four times a second")
    return Line(name=name, value=value, level=Level.WELL)


def outbox(pipeline: Pipeline) -> Line:
    name = "Waiting for Kafka"
    if pipeline.waiting_since is None:
        return Line(name=name, value="nothing", level=Level.WELL)
    waits_ms = _since_ms(pipeline.waiting_since, pipeline.now)
    value = f"{_events(pipeline.waiting_events)}, {duration_ms(waits_ms)}"
    if waits_ms > OUTBOX_LATE_MS:
        level = Level.BAD if waits_ms > OUTBOX_STUCK_MS else Level.WATCH
        return Line(name=name, value=value, level=level, note="the relay is behind: see logs/relay.log")
    return Line(name=name, value=value, level=Level.WELL)


def parity(check: Parity, now: datetime) -> Line:
    """Whether vectors of minutes ago are what their raw events give."""
    name = "Parity"
    if check.checked_at is None or not check.checked_decisions:
        return Line(name=name, value="no decision checked yet", level=Level.UNKNOWN)
    known, hindsight = check.as_known or 0, check.with_hindsight or 0
    ago_ms = _since_ms(check.checked_at, now)
    value = (
        f"{percent(known / check.checked_decisions)} of {count(check.checked_decisions)} decisions as known "
        f"({duration_ms(ago_ms)} ago), with hindsight {percent(hindsight / check.checked_decisions)}"
    )
    if known < check.checked_decisions:
        note = "features were not what their events give: see logs/parity.log and `faregate replay`"
        return Line(name=name, value=value, level=Level.BAD, note=note)
    if ago_ms > PARITY_OLD_MS and check.is_due:
        return Line(name=name, value=value, level=Level.WATCH, note="no newer check: see logs/parity.log")
    return Line(name=name, value=value, level=Level.WELL)


def job(stream: StreamReading) -> list[Line]:
    """Nothing when nobody told us where Flink is."""
    name = "Flink job"
    if not stream.asked_flink:
        return []
    if stream.job_state is None:
        return [Line(name=name, value="no answer", level=Level.WATCH, note="the JobManager does not answer")]
    if stream.job_state != "RUNNING":
        note = "histories stand still until it runs: see `faregate status`"
        return [Line(name=name, value=stream.job_state.lower(), level=Level.BAD, note=note)]
    return [Line(name=name, value="running", level=Level.WELL)]


def dead_letters(stream: StreamReading) -> list[Line]:
    name = "Dead letters"
    if not stream.asked_kafka:
        return []
    if stream.dead_letters is None:
        return [Line(name=name, value="unknown", level=Level.WATCH, note="Kafka does not answer")]
    if not stream.dead_letters:
        return [Line(name=name, value="none", level=Level.WELL)]
    note = f"messages nobody could read: `faregate tail {DEAD_LETTER.name}`"
    return [Line(name=name, value=count(stream.dead_letters), level=Level.WELL, note=note)]


def model(newest: list[DecisionRow]) -> Line:
    """The model of the newest decision that one stood behind."""
    used = next((row for row in newest if row.model_version), None)
    if used is None:
        return Line(name="Model", value="none in use", level=Level.UNKNOWN)
    return Line(name="Model", value=str(used.model_version), level=Level.WELL, note=used.scorer_kind or "")


def _events(number: int) -> str:
    return f"{count(number)} event{'' if number == 1 else 's'}"


def _since_ms(then: datetime, now: datetime) -> float:
    return max(0.0, (now - then) / timedelta(milliseconds=1))
