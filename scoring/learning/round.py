"""One round: look at the champion, then go on with the candidate on its way, or make one if that is due."""

import logging
from dataclasses import replace
from pathlib import Path

from domain.errors import FaregateError
from scoring.learning import drift_watch, duel, news, pending
from scoring.learning.news import News
from scoring.learning.rounds import Connection, Round, Rounds
from scoring.learning.settings import LearningSettings
from scoring.learning.workshop import LEARNER, Workshop
from scoring.registry import RegisteredModel, Registry
from scoring.registry.model import Kind

CLOCK_LATE_MS = 2_000
LABELS = "labels"
log = logging.getLogger("faregate.learning")


def play(
    connection: Connection, settings: LearningSettings, scratch: Path, *, clock_jump_ms: int = 0
) -> Round | None:
    """Plays one round and records it; None where another learner is in one.

    `connection` commits by itself, as learner. `clock_jump_ms` is by how much the clock was set forward since
    the last round.
    """
    rounds = Rounds(connection)
    if not rounds.take_turn():
        log.info("another learner is in a round: this one is left out")
        return None
    began_ms = rounds.now_ms()
    workshop = Workshop(
        connection=connection,
        registry=Registry(connection),
        rounds=rounds,
        settings=settings,
        scratch=scratch,
        now_ms=began_ms,
        maturity_ms=settings.maturity_ms + rounds.clock_jumps_ms(settings.maturity_ms) + clock_jump_ms,
    )
    try:
        done = _clock_refused(workshop, clock_jump_ms) or _look_and_act(workshop)
    except FaregateError as problem:
        done = Round(verdict="refused", why=str(problem))
    rounds.add(done, began_ms)
    log.info("%s: %s", done.verdict, done.why)
    return done


def _clock_refused(workshop: Workshop, jumped_ms: int) -> Round | None:
    newest = workshop.rounds.newest()
    if newest and newest.ended_ms - workshop.now_ms > CLOCK_LATE_MS:
        late_s = (newest.ended_ms - workshop.now_ms) / 1000
        why = f"The clock is {late_s:.0f} s behind the last round: nothing is learned until it has caught up."
        return Round(verdict="refused", why=why)
    if jumped_ms:
        why = (
            f"The clock was set forward by {jumped_ms / 1000:.0f} s: payments from before mature so much "
            "later, as nobody had that time to dispute them."
        )
        return Round(verdict="refused", why=why, details={"clock_jump_ms": jumped_ms})
    return None


def _look_and_act(workshop: Workshop) -> Round:
    champion = workshop.registry.champion()
    if champion is None:
        return Round(verdict="refused", why="There is no champion to learn beside: promote a model first.")
    last = workshop.rounds.newest()
    seen = news.read_news(workshop, last.looked_until_ms if last else None)
    alarm = drift_watch.look(workshop, champion)
    done = duel.fight(workshop, champion) or _go_on(workshop, champion, seen, alarm)
    details = {**done.details, "looked_until_ms": workshop.now_ms}
    if alarm:
        details["drift"] = alarm
    return replace(done, labels=seen.labels, trigger="drift" if alarm else done.trigger, details=details)


def _go_on(workshop: Workshop, champion: RegisteredModel, seen: News, alarm: str | None) -> Round:
    on_its_way = pending.find(workshop.registry)
    if on_its_way:
        return pending.advance(workshop, on_its_way, champion)
    last = workshop.rounds.newest_training()
    drifted = alarm is not None and news.may_answer_drift(last, workshop.now_ms)
    why_not = news.too_little(seen, last, drifted)
    if why_not:
        return Round(verdict="idle", why=f"Nothing to train: {why_not}.")
    kind: Kind = "offline" if news.offline_is_due(last, drifted) else "recent"
    return _train(workshop, kind, champion, seen)


def _train(workshop: Workshop, kind: Kind, champion: RegisteredModel, seen: News) -> Round:
    from scoring.learning import candidate  # brings XGBoost, which most rounds do not need

    details: dict[str, object] = {
        "kind": kind,
        "frauds_known": seen.frauds,
        "frauds_matured": seen.frauds_matured,
    }
    try:
        made = candidate.make(workshop, kind, champion)
    except FaregateError as problem:  # without new labels the next round would end the same way
        return Round(trigger=LABELS, verdict="refused", why=str(problem), details=details)
    gate = made.gate
    details |= {"set_aside": made.set_aside, "passed": gate.passed, "voice_set_aside": gate.set_aside}
    registered = workshop.registry.register(
        made.folder, kind=kind, base_version=made.base_version, by=LEARNER, why=f"{kind} candidate"
    )
    if not gate.passed:
        rejected = pending.out(workshop, registered.version, gate.why)
        return replace(rejected, trigger=LABELS, details=details)
    workshop.registry.shadow(registered.version, by=LEARNER, why=gate.why)
    return Round(
        trigger=LABELS,
        verdict="shadow",
        why=f"{registered.version} passed the gate: {gate.why}.",
        candidate=registered.version,
        details=details,
    )
