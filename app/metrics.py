"""Every metric of the approval API: its name, kind and meaning stand here and nowhere else."""

from math import nan

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from app.decide import Answer
from app.parity import ParityCheck

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
_SECONDS = (0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.25, 1, 3)
_AGES = (0.1, 0.25, 0.5, 1, 2, 5, 15, 60, 300)


class Metrics:
    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.decisions = Counter(
            "faregate_decisions",
            "Payments decided, without repeats.",
            ("verdict", "rung", "reason"),
            registry=registry,
        )
        self.repeats = Counter(
            "faregate_repeats", "Payments answered with the reply stored before.", registry=registry
        )
        self.decision = Histogram(
            "faregate_decision_seconds",
            "From a whole body to its stored reply.",
            buckets=_SECONDS,
            registry=registry,
        )
        self.read = Histogram(
            "faregate_read_seconds", "Reading the histories.", buckets=_SECONDS, registry=registry
        )
        self.assess = Histogram(
            "faregate_assess_seconds", "Vector, score and reasons.", buckets=_SECONDS, registry=registry
        )
        self.overruns = Counter(
            "faregate_deadline_overruns", "Decisions that took longer than the deadline.", registry=registry
        )
        self.feature_age = Histogram(
            "faregate_feature_age_seconds",
            "How far the stream was behind when a decision read it.",
            buckets=_AGES,
            registry=registry,
        )
        self.outcomes = Counter("faregate_outcomes", "Outcomes reported.", ("outcome",), registry=registry)
        self.refusals = Counter(
            "faregate_refusals", "Calls that got a problem.", ("problem",), registry=registry
        )
        self.model = Gauge(
            "faregate_model_info", "1 for the model in use.", ("version", "kind"), registry=registry
        )

        self.parity_as_known = Gauge(
            "faregate_parity_as_known_share",
            "Of the decisions checked last: vectors found again from raw events known then, 0 to 1.",
            registry=registry,
        )
        self.parity_with_hindsight = Gauge(
            "faregate_parity_with_hindsight_share",
            "Of the decisions checked last: vectors found again from all that was true then, 0 to 1.",
            registry=registry,
        )
        self.parity_decisions = Gauge(
            "faregate_parity_decisions", "How many decisions were checked last.", registry=registry
        )
        self.show_parity(None)

    def show_parity(self, check: ParityCheck | None) -> None:
        """None, or a check of no decisions, has no shares: they are not a number."""
        decisions = check.decisions if check else 0
        self.parity_decisions.set(decisions)
        self.parity_as_known.set(check.as_known / decisions if check and decisions else nan)
        self.parity_with_hindsight.set(check.with_hindsight / decisions if check and decisions else nan)

    def count_answer(self, answer: Answer) -> None:
        if answer.repeated:
            self.repeats.inc()
        else:
            self.decisions.labels(answer.verdict, answer.rung, answer.rung_reason or "").inc()
        self.decision.observe(answer.total_s)
        self.read.observe(answer.read_s)
        self.assess.observe(answer.assess_s)
        if answer.overran:
            self.overruns.inc()
        if answer.feature_age_ms is not None:
            self.feature_age.observe(answer.feature_age_ms / 1000)

    def page(self) -> bytes:
        return generate_latest(self.registry)
