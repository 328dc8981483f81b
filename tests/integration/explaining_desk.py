"""Decides into a real ledger with real rules and lists, and reads the decisions back as the API does."""

import asyncio
import time
from typing import Any

import psycopg
from approvals import an_approval
from event_factories import a_history, a_payment
from factories import NOW_MS, a_caller, a_request, stored
from fakes import FakeFeatureReader
from fakes_journal import FakeJournal

from app.decide import Answer, Call
from app.explaining import Why, explain, find_kept, first_difference, replay_kept
from app.ledger import PostgresLedger
from app.ports import Model
from app.replaying import KeptDecision
from app.replies import decode_reply
from app.rules.keeper import InForce
from app.rules.list_store import ListStore
from app.rules.rulebook import CompiledRulebook
from app.rules.store import RuleStore
from app.sandbox import Forced
from domain.display import DAY_MS
from domain.profile import Profile
from domain.rules import Action, Mode, Rule
from scoring.scorer import Scorer

BY = {"by": "ana", "why": "a test"}


class Desk:
    """Decides into a real ledger, and reads it as the API does."""

    def __init__(
        self,
        scorer: Scorer,
        ledger: PostgresLedger,
        people: psycopg.Connection[Any],
        api: psycopg.Connection[Any],
    ) -> None:
        self.scorer, self.ledger, self.api = scorer, ledger, api
        self.rules, self.lists = RuleStore(people), ListStore(people)
        self.features, self.journal = FakeFeatureReader(), FakeJournal()
        past = [a_payment(at_ms=NOW_MS - DAY_MS * n, amount_minor=1_100 * n) for n in (1, 2, 3)]
        self.features.users["usr_a"] = a_history("user", *past)
        self.features.cards["card_a"] = a_history("card", *past)
        self.features.profiles["usr_a"] = Profile(version=4, home_zone="zone_a", rating_centi=480)
        self.features.low_watermark_ms = stored().low_watermark_ms

    def in_force(self) -> InForce:
        rules = CompiledRulebook(self.rules.version(), self.rules.current())
        return InForce(rulebook=rules, lists=self.lists.as_of(self.lists.version()))

    async def decide(self, *, forced: Forced | None = None, model: bool = True, **given: Any) -> Answer:
        request = a_request(**given)
        approval = an_approval(
            features=self.features,
            ledger=self.ledger,
            journal=self.journal,
            model=self.scorer if model else None,
            policies=self.in_force(),
            now_ms=lambda: NOW_MS,
            monotonic=time.monotonic,
        )
        call = Call(caller=a_caller(), key=request.transaction_id, request=request, forced=forced)
        answer = await approval.decide(call, time.monotonic())
        while self.journal.pending(NOW_MS + 1, 1):  # answered before PostgreSQL had it
            await asyncio.sleep(0.005)
        return answer

    def kept(self, answer: Answer) -> KeptDecision:
        found = find_kept(self.api, decode_reply(answer.reply).decision_id, "tenant_a")
        assert found is not None
        return found

    def models(self, version: str) -> Model | None:
        return self.scorer if version == self.scorer.version else None

    def comes_out_the_same(self, answer: Answer) -> bool:
        kept = self.kept(answer)
        assert kept.reply == answer.reply
        made = replay_kept(self.api, kept, self.models)
        assert made.reply == answer.reply, first_difference(kept, made)
        return made.same

    def why(self, answer: Answer, *, now_ms: int = NOW_MS) -> Why:
        return explain(self.api, self.kept(answer), self.models, now_ms)

    def add(self, rule_id: str, expression: str, action: Action, **given: Any) -> Rule:
        rule = Rule(
            rule_id=rule_id,
            version=1,
            expression=expression,
            action=action,
            owner="ana",
            **{"mode": Mode.LIVE, **given},
        )
        return self.rules.add(rule, **BY)
