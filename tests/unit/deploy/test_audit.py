"""The demo's last line, recounted: what each number stands for."""

from collections import Counter
from pathlib import Path

from msgspec import json

from data_generator.truth import PaymentTruth
from deploy.cli.audit import Audit, Decided, recount
from deploy.cli.demo_numbers import Tally
from domain.decision import Verdict


def truth(number: int, verdict: Verdict | None = Verdict.APPROVE, fraud: str | None = None) -> PaymentTruth:
    return PaymentTruth(
        transaction_id=f"txn_{number}",
        sent_at_ms=0,
        fraud=fraud,
        amount_minor=1000,
        verdict=verdict,
        took_ms=number,
        error=None if verdict else "nobody answered",
    )


def decided(number: int, verdict: str = "approve", rung: str = "R0", age: int | None = 300) -> Decided:
    return Decided(f"txn_{number}", verdict, rung, age)


def told(*numbers: int) -> Counter[str]:
    return Counter(f"txn_{number}" for number in numbers)


def counted(rows: list[Decided], kafka: Counter[str], truths: list[PaymentTruth]) -> Audit:
    return recount(rows, kafka, truths)


def test_a_clean_run() -> None:
    rows = [decided(1), decided(2, "decline"), decided(3, "challenge"), decided(4, "review")]
    truths = [
        truth(1),
        truth(2, Verdict.DECLINE, "stolen_card_burst"),
        truth(3, Verdict.CHALLENGE),
        truth(4, Verdict.REVIEW, "card_testing"),
    ]
    found = counted(rows, told(1, 2, 3, 4), truths)
    assert (found.decisions, found.r0_share) == (4, 1.0)
    assert (found.blocked_fraud, found.missed_fraud, found.false_declines) == (1, 1, 1)
    assert (found.decision_p99_ms, found.freshness_p99_ms) == (4, 300)
    assert (found.lost, found.duplicated, found.orphans, found.unanswered) == (0, 0, 0, 0)


def test_an_answer_that_the_ledger_does_not_hold_is_lost() -> None:
    assert counted([], told(), [truth(1)]).lost == 1


def test_an_answer_of_another_verdict_is_lost() -> None:
    assert counted([decided(1, "decline")], told(1), [truth(1)]).lost == 1


def test_a_decision_that_kafka_was_not_told_is_lost() -> None:
    assert counted([decided(1)], told(), [truth(1)]).lost == 1


def test_a_decision_told_twice_is_duplicated() -> None:
    assert counted([decided(1)], told(1, 1), [truth(1)]).duplicated == 1


def test_a_decision_that_nobody_asked_for_is_an_orphan() -> None:
    assert counted([decided(1)], told(1), []).orphans == 1


def test_a_payment_without_an_answer_is_no_loss_and_its_decision_no_orphan() -> None:
    found = counted([decided(1)], told(1), [truth(1, None)])
    assert (found.lost, found.orphans, found.unanswered) == (0, 0, 1)


def test_a_run_without_decisions_has_no_percentiles() -> None:
    found = counted([], told(), [])
    assert (found.r0_share, found.decision_p99_ms, found.freshness_p99_ms) == (0.0, None, None)


def test_the_tally_follows_whole_lines_only(tmp_path: Path) -> None:
    record = tmp_path / "run.jsonl"
    tally = Tally(path=record)
    tally.follow()
    assert tally.payments == 0
    first = json.encode(truth(1, Verdict.DECLINE, "stolen_card_burst"))
    second = json.encode(truth(2, Verdict.APPROVE, "card_testing"))
    record.write_bytes(first + b"\n" + second[:10])
    tally.follow()
    assert (tally.payments, tally.caught, tally.caught_minor) == (1, 1, 1000)
    with record.open("ab") as file:
        file.write(second[10:] + b"\n" + json.encode(truth(3, Verdict.DECLINE)) + b"\n")
        file.write(json.encode(truth(4, None)) + b"\n")
    tally.follow()
    assert (tally.payments, tally.missed_minor, tally.false_declines, tally.unanswered) == (4, 1000, 1, 1)
    assert tally.fraud_of == {"txn_1": "stolen_card_burst", "txn_2": "card_testing"}
