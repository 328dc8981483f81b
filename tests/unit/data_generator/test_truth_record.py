"""The truth record: a line a payment, readable while it grows."""

from pathlib import Path

import pytest
from msgspec import json

from data_generator.truth import PaymentTruth, TruthRecord, read_truth
from domain.decision import Verdict


def _truth(number: int, **changed: object) -> PaymentTruth:
    values = {
        "transaction_id": f"txn_{number}",
        "sent_at_ms": 1_790_000_000_000 + number,
        "fraud": None,
        "amount_minor": 1_250,
        "verdict": Verdict.APPROVE,
        "took_ms": 3,
        "error": None,
    }
    return PaymentTruth(**{**values, **changed})


def test_what_was_written_is_read_at_once(tmp_path: Path) -> None:
    path = tmp_path / "simulator" / "run.jsonl"
    truths = [_truth(1), _truth(2, fraud="card_testing", verdict=None, error="no answer")]
    with TruthRecord(path) as record:
        for number, truth in enumerate(truths, 1):
            record.write(truth)
            assert len(read_truth(path)) == number
    assert read_truth(path) == truths


def test_a_line_has_exactly_the_agreed_members(tmp_path: Path) -> None:
    with TruthRecord(tmp_path / "run.jsonl") as record:
        record.write(_truth(1))
    assert json.decode((tmp_path / "run.jsonl").read_bytes()) == {
        "transaction_id": "txn_1",
        "sent_at_ms": 1_790_000_000_001,
        "fraud": None,
        "amount_minor": 1_250,
        "verdict": "approve",
        "took_ms": 3,
        "error": None,
        "scenario": None,
    }


def test_a_record_of_an_older_run_is_still_read(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_bytes(json.encode(_truth(1)).replace(b',"scenario":null', b"") + b"\n")
    assert read_truth(path) == [_truth(1)]


@pytest.mark.parametrize("tail", [b"", b'{"transaction_id":"txn_9","sen'])
def test_half_a_line_is_left_for_later(tmp_path: Path, tail: bytes) -> None:
    path = tmp_path / "run.jsonl"
    path.write_bytes(json.encode(_truth(1)) + b"\n" + tail)
    assert read_truth(path) == [_truth(1)]


def test_an_empty_record_is_no_payments(tmp_path: Path) -> None:
    with TruthRecord(tmp_path / "run.jsonl"):
        assert read_truth(tmp_path / "run.jsonl") == []
