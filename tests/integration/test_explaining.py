"""Decisions out of a real ledger, explained and made again with what was in force when they were made."""

import math
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import psycopg
import pytest
from explaining_desk import BY, Desk
from factories import NOW_MS, an_outcome
from keeping import keep_outcome
from msgspec import json, structs
from small_model import MODEL_KEY, write_small_model

from app import postgres
from app.decision_id import new_decision_id
from app.explaining import explain, find_kept, replay_kept
from app.ledger import PostgresLedger
from app.replaying import ReplayRefused
from app.replies import decode_reply
from app.sandbox import RIDERS, Forced
from domain.decision import Outcome, Rung, Verdict
from domain.display import DAY_MS
from domain.labels import AnalystLabel, Label
from domain.rules import Action, Mode
from scoring.scorer import Scorer

pytestmark = pytest.mark.anyio
Conninfo = Callable[[str], str]


@pytest.fixture(scope="module")
def scorer(tmp_path_factory: pytest.TempPathFactory) -> Scorer:
    return Scorer.load(write_small_model(tmp_path_factory.mktemp("models") / "small"), MODEL_KEY)


@pytest.fixture
async def desk(conninfo: Conninfo, scorer: Scorer) -> AsyncIterator[Desk]:
    async with AsyncExitStack() as stack:
        pool = postgres.pool("test", conninfo=conninfo("faregate_api"), patience_s=5.0)
        ledger = PostgresLedger(await stack.enter_async_context(pool), lambda: None)
        people, api = (
            stack.enter_context(psycopg.connect(conninfo(role), autocommit=True))
            for role in ("faregate_console", "faregate_api")
        )
        yield Desk(scorer, ledger, people, api)


def seconds_behind(seconds: float) -> Callable[[Desk], None]:
    def fall_behind(desk: Desk) -> None:
        desk.features.low_watermark_ms = round(NOW_MS - 1_000 * seconds)

    return fall_behind


def without_watermark(desk: Desk) -> None:
    desk.features.low_watermark_ms = None


def without_store(desk: Desk) -> None:
    desk.features.away = True


@pytest.mark.parametrize(
    ("change", "rung", "reason"),
    [
        (seconds_behind(0.5), Rung.R0, None),
        (seconds_behind(9), Rung.R1, "features_ageing"),
        (seconds_behind(90), Rung.R2, "features_stale"),
        (without_watermark, Rung.R2, "no_watermark"),
        (without_store, Rung.R2, "histories_unreadable"),
    ],
)
async def test_every_rung_comes_out_byte_for_byte(
    desk: Desk, change: Callable[[Desk], None], rung: Rung, reason: str | None
) -> None:
    change(desk)
    answer = await desk.decide(amount_minor=4_200)
    assert (answer.rung, answer.rung_reason) == (rung, reason)
    assert desk.comes_out_the_same(answer)


async def test_a_decision_without_a_model_comes_out_with_any_model_about(desk: Desk) -> None:
    answer = await desk.decide(model=False)
    assert answer.rung_reason == "no_model"
    assert desk.comes_out_the_same(answer)


FORCED_RUNGS = [forced for forced in RIDERS.values() if forced.rung]


@pytest.mark.parametrize("forced", FORCED_RUNGS, ids=lambda forced: f"{forced.rung}-{forced.rung_reason}")
@pytest.mark.parametrize("verdict", [None, Verdict.CHALLENGE])
async def test_a_sandbox_decision_comes_out_on_its_rung(
    desk: Desk, forced: Forced, verdict: Verdict | None
) -> None:
    answer = await desk.decide(forced=structs.replace(forced, verdict=verdict))
    assert desk.comes_out_the_same(answer)
    kept = desk.kept(answer)
    assert (kept.sandbox, kept.evidence.forced, kept.rung) == (True, verdict, forced.rung)


@pytest.mark.parametrize("in_store", [True, False])
async def test_rules_that_hit_live_in_shadow_and_outside_their_share(desk: Desk, in_store: bool) -> None:
    desk.features.away = not in_store
    desk.add("rule_points", "amount_minor > 100", Action.ADD_SCORE, points=12)
    desk.add("rule_shadow", "currency == 'USD'", Action.DECLINE, mode=Mode.SHADOW)
    desk.add("rule_nobody", "card_id == 'card_a'", Action.DECLINE, share=0.0)
    desk.add("rule_review", "amount_minor > 100", Action.REVIEW, priority=-1)
    desk.add("rule_silent", "amount_minor > 1000000", Action.DECLINE)
    answer = await desk.decide()
    assert answer.verdict is Verdict.REVIEW
    assert dict(answer.rules) == {
        "rule_points": True, "rule_shadow": False, "rule_nobody": False, "rule_review": True,
    }  # fmt: skip
    assert desk.comes_out_the_same(answer)
    seen = {rule.hit.rule_id: rule.expression for rule in desk.why(answer).rules}
    assert seen["rule_shadow"] == "currency == 'USD'"
    assert len(seen) == 4


@pytest.mark.parametrize(("entries", "verdict"), [(["allow"], "approve"), (["allow", "block"], "decline")])
async def test_list_entries_that_decided(desk: Desk, entries: list[Any], verdict: str) -> None:
    for name, value in zip(entries, ("usr_a", "card_a"), strict=False):
        desk.lists.add(name, [value], **BY)
    answer = await desk.decide(amount_minor=90_000)
    assert answer.verdict == verdict
    assert desk.comes_out_the_same(answer)
    entry = desk.why(answer).list_entry
    assert entry is not None
    assert entry.list == entries[-1]


async def test_what_was_changed_since_changes_no_decision_of_before(desk: Desk) -> None:
    desk.add("rule_a", "amount_minor > 100", Action.CHALLENGE)
    [entry] = desk.lists.add("allow", ["usr_b"], **BY)
    challenged, allowed = await desk.decide(), await desk.decide(user_id="usr_b")
    desk.rules.change("rule_a", expression="amount_minor > 1000000", **BY)
    desk.rules.set_mode("rule_a", Mode.DRAFT, **BY)
    desk.add("rule_b", "amount_minor > 1", Action.DECLINE, priority=9)
    desk.lists.add("block", ["card_a"], **BY)
    desk.lists.remove([entry.entry_id], **BY)
    declined = await desk.decide()
    assert [one.verdict for one in (challenged, allowed, declined)] == ["challenge", "approve", "decline"]
    assert all(desk.comes_out_the_same(one) for one in (challenged, allowed, declined))
    [seen] = desk.why(challenged).rules
    assert (seen.expression, seen.hit.version) == ("amount_minor > 100", 1)


async def test_the_zone_of_a_session_changes_nothing(desk: Desk) -> None:
    answer = await desk.decide()
    desk.api.execute("set timezone = 'Asia/Kolkata'")
    assert desk.comes_out_the_same(answer)


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("evidence", """jsonb_set(evidence, '{forced}', '"decline"')""", "verdict: "),
        ("request", "convert_to(replace(convert_from(request, 'UTF8'), '1850', '1851'), 'UTF8')", None),
        ("vector", "set_byte(vector, 3, get_byte(vector, 3) # 64)", "score: "),
        ("rung_reason", "'because'", "rung_reason: None then, 'because' now"),
        (
            "reply",
            "convert_to(replace(convert_from(reply, 'UTF8'), 'approve', 'decline'), 'UTF8')",
            "verdict: ",
        ),
        ("decided_at", "decided_at + interval '1 microsecond'", "decided_at: "),
    ],
)
async def test_a_changed_row_is_told_by_what_differs(
    desk: Desk, conninfo: Conninfo, column: str, value: str, told: str | None
) -> None:
    answer = await desk.decide(amount_minor=1_850)
    with psycopg.connect(conninfo("faregate_owner"), autocommit=True) as owner:
        owner.execute(f"update decisions set {column} = {value}".encode())  # noqa: S608 - from this file
    replayed = desk.why(answer).replay
    assert replayed.refused is None
    if told is None:  # the fare is in the vector, which is what the model read
        assert replayed.same
    else:
        assert not replayed.same
        assert (replayed.differs or "").startswith(told)


async def test_a_model_that_is_gone_is_told_with_what_to_do(desk: Desk) -> None:
    answer = await desk.decide()
    kept = desk.kept(answer)
    with pytest.raises(ReplayRefused, match=rf"{desk.scorer.version}.*FAREGATE_MODEL_DIR"):
        replay_kept(desk.api, kept, lambda _: None)
    why = explain(desk.api, kept, lambda _: None, NOW_MS)
    assert not why.replay.same
    assert why.replay.refused is not None
    assert (why.base, why.margin) == (None, None)
    assert {feature.contribution for feature in why.features} == {None}


async def test_contributions_and_base_add_up_to_the_margin(desk: Desk) -> None:
    answer = await desk.decide()
    why, reply = desk.why(answer), decode_reply(answer.reply)
    assert why.base is not None
    assert why.margin is not None
    total = math.fsum([*(feature.contribution or 0.0 for feature in why.features), why.base])
    assert total == pytest.approx(why.margin, abs=1e-9)
    assert reply.probability is not None
    assert why.margin == pytest.approx(math.log(reply.probability / (1 - reply.probability)), abs=1e-5)
    shares = [abs(feature.contribution or 0.0) for feature in why.features]
    assert shares == sorted(shares, reverse=True)


async def test_all_that_a_decision_saw_is_told(desk: Desk) -> None:
    answer = await desk.decide(amount_minor=4_200)
    why = desk.why(answer)
    assert (bytes(why.reply), why.failed_rules, why.list_entry) == (answer.reply, [], None)
    assert json.decode(why.request)["amount_minor"] == 4_200
    amount = next(feature for feature in why.features if feature.name == "amount")
    assert (amount.value, amount.normal) == (4_200, 2_200)
    assert amount.sentence == "the fare is $42.00; usual for this rider is $22.00"
    assert why.histories["card"].version == desk.features.cards["card_a"].version
    assert (why.histories["device"].version, why.histories["device"].positions) == (None, [])
    assert json.decode(json.encode(why))["replay"]["same"] is True


async def test_what_became_of_it_is_told(desk: Desk) -> None:
    answer = await desk.decide(transaction_id="txn_a")
    assert desk.why(answer).label is Label.UNKNOWN
    label = AnalystLabel(
        label_id="lbl_a",
        decision_id=decode_reply(answer.reply).decision_id,
        label=Label.GOOD,
        labelled_by="key_a",
        labelled_at_ms=NOW_MS + 5,
    )
    assert await desk.ledger.record_label(label, "tenant_a")
    why = desk.why(answer)
    assert (why.label, why.labels) == (Label.GOOD, [label])
    await keep_outcome(desk.ledger, an_outcome("txn_a", outcome=Outcome.CHARGEBACK, reason_code="10.4"))
    why = desk.why(answer)
    assert (why.label, [outcome.reason_code for outcome in why.outcomes]) == (Label.FRAUD, ["10.4"])


async def test_time_makes_a_captured_payment_good(desk: Desk) -> None:
    answer = await desk.decide(transaction_id="txn_a")
    await keep_outcome(desk.ledger, an_outcome("txn_a"))
    assert desk.why(answer, now_ms=NOW_MS + 89 * DAY_MS).label is Label.UNKNOWN
    assert desk.why(answer, now_ms=NOW_MS + 91 * DAY_MS).label is Label.GOOD


async def test_only_its_tenant_finds_a_decision(desk: Desk) -> None:
    decision_id = decode_reply((await desk.decide()).reply).decision_id
    assert find_kept(desk.api, decision_id, "tenant_b") is None
    assert find_kept(desk.api, decision_id) == find_kept(desk.api, decision_id, "tenant_a") is not None
    assert find_kept(desk.api, new_decision_id(NOW_MS), "tenant_a") is None
    assert find_kept(desk.api, "dec_unknown") is None
