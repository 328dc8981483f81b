"""kill -9 of an API process at every moment of a decision: the retry gets the one verdict."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from api_fleet import Fleet, a_fresh_body, fleet
from ledger_invariants import broken
from odd_api import MOMENTS

EACH, EACH_OF_THE_PROOF = 5, 100
_numbers = count()


@pytest.fixture
def processes(conninfo: Callable[[str], str], tmp_path: Path) -> Iterator[Fleet]:
    owner, api = conninfo("faregate_owner"), conninfo("faregate_api")
    unhurried = {"FAREGATE_DEADLINE_MS": "2000"}  # on a busy machine some moments would not come
    with fleet(owner, api, tmp_path / "host", **unhurried) as started:
        yield started


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_retry_gets_the_one_verdict(moment: str, processes: Fleet, conninfo: Callable[[str], str]) -> None:
    kill_at(moment, EACH, processes)
    assert broken(conninfo("faregate_owner")) == {}


@pytest.mark.proof
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_hundred_retries_get_the_one_verdict_each(
    moment: str, processes: Fleet, conninfo: Callable[[str], str]
) -> None:
    kill_at(moment, EACH_OF_THE_PROOF, processes)
    assert broken(conninfo("faregate_owner")) == {}


def kill_at(moment: str, times: int, processes: Fleet) -> None:
    healthy = processes.start()
    processes.wait_ready(healthy)
    retrying = processes.caller(healthy)
    for _ in range(times):
        mortal = processes.start(death=moment)
        processes.wait_ready(mortal)
        transaction_id = f"txn_killed{moment.replace('-', '')}{in_letters(next(_numbers))}"
        body = a_fresh_body(transaction_id)
        first = processes.caller(mortal).decide(body, transaction_id)
        assert first.status == 0, f"it should have died: {first}"
        again = retrying.decide(body, transaction_id)
        assert again.status == 200, again
        once_more = retrying.decide(body, transaction_id)
        assert (once_more.status, once_more.body, once_more.replayed) == (200, again.body, True)
        was_decided_before_it_died = moment not in ("read", "scored")
        assert again.replayed is was_decided_before_it_died


def in_letters(number: int) -> str:
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))
