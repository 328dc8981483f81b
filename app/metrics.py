"""Every metric of the approval API: its name, kind and meaning stand here and nowhere else.

Made once a process. Workers that are given the same folder show one page: what all of them counted.
"""

from collections.abc import Iterable, Mapping
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING

from app import problems
from app.metric_cells import Cells
from app.metric_families import CONTENT_TYPE, Counter, Gauge, Histogram, Label, Level
from app.stages import Stage
from domain.catalogue import FEATURE_NAMES
from domain.decision import Outcome, Rung, Verdict

if TYPE_CHECKING:
    from app.decide import Answer
    from app.models.in_service import InService
    from app.parity import ParityCheck

__all__ = ["CONTENT_TYPE", "Metrics"]

_SECONDS = (0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.25, 1, 3)
_STAGE_SECONDS = (0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.25, 1)
_AGES = (0.1, 0.25, 0.5, 1, 2, 5, 15, 60, 300)
MOST_RULES, MOST_REASONS, MOST_MODELS = 200, 24, 50
POLICIES = ("rules", "lists", "policy")
KINDS = ("compiled", "interpreter")
STATES = ("champion", "canary", "shadow")

_VERDICT = Label(name="verdict", known=tuple(Verdict))
_RUNG = Label(name="rung", known=tuple(Rung))
_REASON = Label(name="reason", known=("",), most=MOST_REASONS)
_RULE = Label(name="rule", most=MOST_RULES)
_ACTED = Label(name="acted", known=("yes", "no"))
_STAGE = Label(name="stage", known=tuple(Stage))
_OUTCOME = Label(name="outcome", known=tuple(Outcome))
_PROBLEM = Label(name="problem", known=tuple(problems.BY_SLUG))
_KIND = Label(name="kind", known=POLICIES)
_MODEL = (
    Label(name="version", most=MOST_MODELS),
    Label(name="kind", known=KINDS),
    Label(name="state", known=STATES),
)
_DRIFT = (Label(name="subject", known=("score", *FEATURE_NAMES)),)


class Metrics:
    """`folder` is shared by the workers of one API, `worker` is this one's name in it."""

    def __init__(self, folder: Path | None = None, worker: str = "alone") -> None:
        self._cells = cells = Cells(folder, worker)
        self._models_shown: dict[tuple[str, str], Level] = {}
        self.decisions = Counter(
            cells, "faregate_decisions", "Payments decided, without repeats.", (_VERDICT, _RUNG, _REASON)
        )
        self.repeats = Counter(cells, "faregate_repeats", "Payments answered with the reply stored before.")
        self.decision = Histogram(
            cells, "faregate_decision_seconds", "From a whole body to its stored reply.", bounds=_SECONDS
        )
        self.stages = Histogram(
            cells,
            "faregate_stage_seconds",
            "Each part of a call, in order.",
            (_STAGE,),
            bounds=_STAGE_SECONDS,
        )
        self.overruns = Counter(
            cells, "faregate_deadline_overruns", "Decisions that took longer than the deadline."
        )
        self.feature_age = Histogram(
            cells,
            "faregate_feature_age_seconds",
            "How far the stream was behind when a decision read it.",
            bounds=_AGES,
        )
        self.rule_hits = Counter(
            cells, "faregate_rule_hits", "Decisions that a rule is true of.", (_RULE, _ACTED)
        )
        self.rule_failures = Counter(
            cells, "faregate_rule_failures", "Evaluations of a rule that gave no answer.", (_RULE,)
        )
        self.policy_version = Gauge(
            cells, "faregate_policy_version", "The newest version in force in any worker.", (_KIND,)
        )
        self.journal_failures = Counter(
            cells, "faregate_journal_failures", "Uses of this host's journal that failed."
        )
        self.journal_unsecured = Counter(
            cells, "faregate_journal_unsecured", "Answers given before the disk had said that it holds them."
        )
        self.journal_pending = Gauge(
            cells, "faregate_journal_pending", "Decisions in the journal that PostgreSQL does not have yet."
        )
        self.drained = Counter(
            cells, "faregate_journal_drained", "Decisions brought from the journal to PostgreSQL afterwards."
        )
        self.rate_limited = Counter(cells, "faregate_rate_limited", "Calls beyond the rate of their key.")
        self.in_flight_conflicts = Counter(
            cells,
            "faregate_in_flight_conflicts",
            "Repeats that came while the first was still being decided.",
        )
        self.outcomes = Counter(cells, "faregate_outcomes", "Outcomes reported.", (_OUTCOME,))
        self.refusals = Counter(cells, "faregate_refusals", "Calls that got a problem.", (_PROBLEM,))
        self.scorer_restarts = Counter(
            cells, "faregate_scorer_restarts", "Scorer processes that ended and were started again."
        )
        self.workers_ready = Gauge(cells, "faregate_workers_ready", "Worker processes that take calls.")
        self.workers_restarted = Counter(
            cells, "faregate_workers_restarted", "Worker processes that ended and were started again."
        )
        self._make_models(cells)
        self._make_parity(cells)

    def _make_models(self, cells: Cells) -> None:
        self.model = Gauge(
            cells, "faregate_model_info", "1 for a model that scores in this state, else 0.", _MODEL
        )
        self.shadows_lost = Counter(
            cells,
            "faregate_shadow_scores_lost",
            "Scores of models beside the deciding one that were not kept.",
        )
        self.drift = Gauge(
            cells,
            "faregate_drift_psi",
            "How far a feature, or the score, is from the training window.",
            _DRIFT,
        )
        self.drift_alarm = Gauge(
            cells, "faregate_drift_alarm", "1 while the newest check of it raises an alarm, else 0.", _DRIFT
        )

    def _make_parity(self, cells: Cells) -> None:
        self.parity_as_known = Gauge(
            cells,
            "faregate_parity_as_known_share",
            "Of the decisions checked last: vectors computed again from what was known then, 0 to 1.",
            own=True,
        )
        self.parity_with_hindsight = Gauge(
            cells,
            "faregate_parity_with_hindsight_share",
            "Of the decisions checked last: vectors found again from all that was true then, 0 to 1.",
            own=True,
        )
        self.parity_decisions = Gauge(
            cells, "faregate_parity_decisions", "How many decisions were checked last.", own=True
        )
        self.show_parity(None)

    def show_parity(self, check: "ParityCheck | None") -> None:
        """None, or a check of no decisions, has no shares: they are not a number."""
        decisions = check.decisions if check else 0
        self.parity_decisions.set(decisions)
        self.parity_as_known.set(check.as_known / decisions if check and decisions else nan)
        self.parity_with_hindsight.set(check.with_hindsight / decisions if check and decisions else nan)

    def stage(self, name: str, seconds: float) -> None:
        self.stages.labels(name).observe(seconds)

    def count_answer(self, answer: "Answer") -> None:
        if answer.repeated or answer.verdict is None or answer.rung is None:
            self.repeats.inc()
            return
        self.decisions.labels(answer.verdict, answer.rung, answer.rung_reason or "").inc()
        self.decision.observe(answer.total_s)
        if answer.overran:
            self.overruns.inc()
        if answer.feature_age_ms is not None:
            self.feature_age.observe(answer.feature_age_ms / 1000)
        self.count_rules(answer.rules, answer.failed_rules)

    def count_rules(self, hits: Iterable[tuple[str, bool]], failed: Iterable[str]) -> None:
        """Hits as (rule id, whether it acted)."""
        for rule_id, acted in hits:
            self.rule_hits.labels(rule_id, "yes" if acted else "no").inc()
        for rule_id in failed:
            self.rule_failures.labels(rule_id).inc()

    def show_policies(self, rules: int, lists: int, policy: int = 0) -> None:
        self.policy_version.labels("rules").set(rules)
        self.policy_version.labels("lists").set(lists)
        self.policy_version.labels("policy").set(policy)

    def show_models(self, models: "InService") -> None:
        for series in self._models_shown.values():
            series.set(0)
        standing = [("champion", models.champion)] if models.champion else []
        standing += [("canary", canary.scoring) for canary in models.canaries]
        standing += [("shadow", scoring) for scoring in models.shadows]
        for state, model in standing:
            series = self.model.labels(model.version, model.kind, state)
            series.set(1)
            self._models_shown[model.version, state] = series

    def show_drift(self, drift: "Mapping[str, tuple[float | None, bool]]") -> None:
        """PSI, where the subject is compared, and whether it alarms."""
        for subject, (psi, alarmed) in drift.items():
            if psi is not None:
                self.drift.labels(subject).set(psi)
            self.drift_alarm.labels(subject).set(alarmed)

    def page(self) -> bytes:
        counted = list(self._cells.workers())
        families = (each for each in vars(self).values() if isinstance(each, Counter | Gauge | Histogram))
        lines = (line for family in families for line in family.page(counted))
        return "\n".join((*lines, "")).encode()
