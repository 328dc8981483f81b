"""The job's histories, replay, the API's vector and an oracle by brute force agree on every transaction."""

import pytest
from proving import prove
from situations import IN_EVERY_PROOF


def test_all_four_agree_on_every_transaction() -> None:
    totals = prove(200, derandomize=True)
    assert totals.transactions > 2_000
    assert not IN_EVERY_PROOF - set(totals.situations)


@pytest.mark.proof
@pytest.mark.timeout(1_800)
def test_all_four_agree_on_every_transaction_of_thousands_of_cases(
    capsys: pytest.CaptureFixture[str],
) -> None:
    totals = prove(4_000)
    assert not IN_EVERY_PROOF - set(totals.situations)
    with capsys.disabled():
        print(f"\n{totals.line()}")  # noqa: T201 - the figures are the proof's last word
