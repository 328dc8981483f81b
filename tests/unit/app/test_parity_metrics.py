"""The newest parity check, as Prometheus reads it."""

import pytest
from site_of_fakes import Site

from app.parity import ParityCheck, ParityUnknown

pytestmark = pytest.mark.anyio


async def test_metrics_tell_the_newest_parity_check(site: Site) -> None:
    site.parity = ParityCheck(decisions=200, as_known=200, with_hindsight=150)
    text = (await site.http.get("/metrics")).text
    assert "faregate_parity_decisions 200.0" in text
    assert "faregate_parity_as_known_share 1.0" in text
    assert "faregate_parity_with_hindsight_share 0.75" in text


@pytest.mark.parametrize(
    "parity",
    [None, ParityUnknown("away"), ParityCheck(decisions=0, as_known=0, with_hindsight=0)],
    ids=["never checked", "unreadable", "nothing to check"],
)
async def test_parity_that_is_not_known_is_no_number(
    site: Site, parity: ParityCheck | ParityUnknown | None
) -> None:
    site.parity = ParityCheck(decisions=2, as_known=1, with_hindsight=1)
    await site.http.get("/metrics")
    site.parity = parity
    response = await site.http.get("/metrics")
    assert response.status_code == 200
    assert "faregate_parity_decisions 0.0" in response.text
    assert "faregate_parity_as_known_share NaN" in response.text
