"""What the benchmark of the loop reads from a ledger and a truth record, and how it judges by them."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psycopg
import pytest
from learning_city import Ledger, payments, write_past
from small_model import write_small_model

from data_generator.truth import PaymentTruth
from deploy.bench.loop.judgement import attack_precision, money_lost_minor, oracle_precision
from deploy.bench.loop.progress import Progress, Promoted
from deploy.bench.loop.true_rows import true_rows
from domain.thresholds import Thresholds
from scoring.learning.contest import Answers
from scoring.learning.past import Past
from scoring.learning.rounds import Round, Rounds
from scoring.registry import Registry

Conninfo = Callable[[str], str]
MINUTE_MS = 60_000
ATTACK = "new_attack"


@pytest.fixture
def ledger(conninfo: Conninfo) -> Iterator[Ledger]:
    with psycopg.connect(conninfo("faregate_owner"), autocommit=True) as connection:
        yield Ledger(connection=connection)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def truth(transaction_id: str, fraud: str | None) -> PaymentTruth:
    return PaymentTruth(
        transaction_id=transaction_id,
        sent_at_ms=1,
        fraud=fraud,
        amount_minor=2_000,
        verdict=None,
        took_ms=1,
        error=None,
    )


def test_live_payments_are_read_with_their_truth(ledger: Ledger) -> None:
    vectors, labels = payments(5, 0, 2, seed=1)
    began = now_ms() - MINUTE_MS
    ids = ledger.add(vectors, labels, from_ms_=began, until_ms=began + 6_001)
    told = [truth(ids[i], ATTACK if labels[i] else None) for i in range(6)]

    rows = true_rows(ledger.connection, told)

    assert rows.dataset.labels.tolist() == labels[:6].tolist()
    assert np.array_equal(rows.dataset.vectors, vectors[:6])
    assert set(rows.dataset.kinds.tolist()) == {"", ATTACK}
    assert (len(rows.before(began + 3_000)), len(rows.since(began + 3_000))) == (3, 3)


def test_progress_names_the_first_promotion_of_the_learner(ledger: Ledger, tmp_path: Path) -> None:
    registry, said = Registry(ledger.connection), list[str]()
    versions = [
        registry.register(
            write_small_model(tmp_path / str(seed), seed=seed),
            kind="offline",
            base_version=None,
            by="t",
            why="",
        ).version
        for seed in (1, 2)
    ]
    progress = Progress(ledger.connection, said.append)
    registry.promote(versions[0], by="bootstrap", why="")
    assert progress.promoted() is None
    registry.promote(versions[1], by="learner", why="")
    registry.rollback(by="learner", why="")

    promoted = progress.promoted()
    assert promoted is not None
    assert (promoted.version, progress.first_champion()) == (versions[1], versions[0])


def test_progress_knows_when_a_fraud_was_known_and_what_rounds_took(ledger: Ledger) -> None:
    vectors, labels = payments(0, 0, 3, seed=1)
    began = now_ms() - MINUTE_MS
    ids = ledger.add(vectors, labels, from_ms_=began, until_ms=began + 2_001, version="mdl_a")
    said: list[str] = []
    progress = Progress(ledger.connection, said.append)
    assert progress.known_ms(ids[1:]) == began + 1_000
    assert progress.known_ms(["txn_unheard"]) is None
    assert progress.first_decision_ms(Promoted(version="mdl_a", active_from_ms=began + 1)) == began + 1_000

    Rounds(ledger.connection).add(Round(verdict="idle", why="nothing to do"), began)
    progress.tell_rounds()
    progress.tell_rounds()
    (line,) = said
    assert line.startswith("round 1: idle (0 labels, ")
    assert line.endswith("nothing to do")
    assert progress.compute_s(now_ms() + MINUTE_MS) > 0
    assert progress.compute_s(began) == 0


def test_an_oracle_knows_the_attack_that_a_blind_model_does_not(ledger: Ledger, tmp_path: Path) -> None:
    past = Past.read(write_past(tmp_path / "past.parquet", rows=1_500, frauds=75))
    vectors, labels = payments(1_500, 0, 100, seed=2)
    began = now_ms() - MINUTE_MS
    ids = ledger.add(vectors, labels, from_ms_=began, until_ms=began + 50_000, told=False)
    kinds = {name: ATTACK if label else None for name, label in zip(ids, labels, strict=True)}
    rows = true_rows(ledger.connection, [truth(name, kind) for name, kind in kinds.items()])
    told, judged = rows.before(began + 25_000), rows.since(began + 25_000)
    cuts = Thresholds(review=0.2, challenge=0.5, decline=0.8)
    blind = Answers(probabilities=np.full(len(judged), 0.01), thresholds=cuts)
    seeing = Answers(probabilities=np.where(judged.labels == 1, 0.9, 0.01), thresholds=cuts)

    assert attack_precision(judged, blind, ATTACK) < 0.1
    assert attack_precision(judged, seeing, ATTACK) == 1
    assert oracle_precision(past, told, judged, ATTACK) > 0.8
    assert money_lost_minor(judged, seeing) == 0
    assert money_lost_minor(judged, blind) == judged.frauds * (2_500 + 2_000)
