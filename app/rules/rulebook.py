"""The rules of one version, compiled, and what they find in a payment."""

from collections.abc import Callable, Iterable
from functools import lru_cache
from hashlib import blake2b

from app.ports import Facts, RuleFindings
from app.rules.errors import RuleRefused
from app.rules.expression import Expression, compile_expression, context_of
from app.rules.variables import values_of
from domain.rules import Action, Mode, Rule, RuleHit

MAX_EVALUATED = 100  # rules in shadow or live
_SEVERITY = (Action.DECLINE, Action.CHALLENGE, Action.REVIEW, Action.APPROVE, Action.ADD_SCORE)
_compiled: Callable[[str], Expression] = lru_cache(maxsize=1_000)(compile_expression)


class _Ready:
    """A rule that can be evaluated, with both hits it may come to, made beforehand."""

    __slots__ = ("acting", "expires_at_ms", "expression", "hits", "rule_id", "share")

    def __init__(self, rule: Rule, expression: Expression) -> None:
        self.rule_id = rule.rule_id
        self.expression = expression
        self.expires_at_ms = rule.expires_at_ms
        self.share = rule.share
        self.acting = rule.mode is Mode.LIVE
        self.hits = _hit(rule, acted=False), _hit(rule, acted=True)

    def applies(self, facts: Facts) -> bool:
        """Whether there is all that the rule looks at, and it has not expired."""
        needs = self.expression
        return (
            (facts.features is not None or not needs.features)
            and (facts.probability is not None or not needs.needs_probability)
            and (self.expires_at_ms is None or facts.as_of_ms < self.expires_at_ms)
        )

    def hit(self, user_id: str) -> RuleHit:
        return self.hits[self.acting and in_share(self.rule_id, user_id, self.share)]


class CompiledRulebook:
    """A ports.Rulebook; rules that no longer compile are left out and named in `broken`.

    The highest priority goes first; among equals the severest action, then the id.
    """

    def __init__(self, version: int, rules: Iterable[Rule]) -> None:
        evaluated = sorted((rule for rule in rules if rule.mode is not Mode.DRAFT), key=_order)
        self._version = version
        self._ready: list[_Ready] = []
        self.broken: dict[str, str] = {}  # why, by rule id
        for rule in evaluated:
            try:
                self._ready.append(_Ready(rule, _compiled(rule.expression)))
            except RuleRefused as refusal:
                self.broken[rule.rule_id] = str(refusal)
        self._fields = frozenset(name for ready in self._ready for name in ready.expression.fields)
        self._asks_known = any(ready.expression.asks_known for ready in self._ready)

    @property
    def version(self) -> int:
        return self._version

    @property
    def needs_features(self) -> bool:
        """Whether every rule looks at a feature."""
        return all(ready.expression.features for ready in self._ready)

    @property
    def features(self) -> frozenset[str]:
        """The features that any rule looks at."""
        return frozenset(name for ready in self._ready for name in ready.expression.features)

    def examine(self, facts: Facts) -> RuleFindings:
        """Never raises. A rule that a missing value leaves undecided neither hits nor fails."""
        if not self._ready:
            return RuleFindings()
        values = values_of(facts, self._fields)
        context = context_of(values, asks_known=self._asks_known)
        hits, failed = [], []
        for ready in self._ready:
            if not ready.applies(facts):
                continue
            try:
                result = ready.expression.execute(context)
            except (KeyboardInterrupt, SystemExit):
                raise
            except BaseException:  # noqa: BLE001 - a panic of the library too; told in `failed`, then counted
                if any(values.get(name) != values.get(name) for name in ready.expression.features):
                    continue
                result = None
            if result is True:
                hits.append(ready.hit(facts.transaction.user_id))
            elif result is not False:
                failed.append(ready.rule_id)
        return RuleFindings(hits=tuple(hits), failed=tuple(failed))


def in_share(rule_id: str, user_id: str, share: float) -> bool:
    """Whether a rule acts on a rider: the same in every process, and independent from rule to rule."""
    if share >= 1:
        return True
    digest = blake2b(user_id.encode(), key=rule_id.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") < share * 2**64


def _hit(rule: Rule, *, acted: bool) -> RuleHit:
    return RuleHit(
        rule_id=rule.rule_id,
        version=rule.version,
        action=rule.action,
        mode=rule.mode,
        points=rule.points,
        acted=acted,
    )


def _order(rule: Rule) -> tuple[int, int, str]:
    return -rule.priority, _SEVERITY.index(rule.action), rule.rule_id
