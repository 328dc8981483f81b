"""Slices of time, the changes marked in them, kinds of fraud by hour, and circles by zone."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from overview_factories import DAY, HOUR, NOW, change

from dashboard.palette import LIGHT, rgb
from dashboard.views.overview import changes, kinds, zones
from dashboard.views.overview.period import PERIODS, days_of
from dashboard.views.overview.readings import TypeRow, ZonePlace, ZoneRow


@pytest.mark.parametrize("name", PERIODS)
def test_the_last_slice_holds_the_present(name: str) -> None:
    period = PERIODS[name]
    starts = period.starts(NOW)
    assert len(starts) == period.bars
    assert starts[-1] <= NOW < starts[-1] + period.width


def test_a_period_is_read_day_by_day() -> None:
    since = datetime(2026, 11, 18, 18, tzinfo=UTC)
    days = days_of(since, NOW)
    assert [begin.day for begin, _ in days] == [18, 19, 20]
    assert days[0][0] == since
    assert days[-1][1] == NOW
    assert all(end == begin for (_, end), (begin, _) in pairwise(days))
    assert days_of(NOW - HOUR, NOW) == [(NOW - HOUR, NOW)]


def test_a_change_is_named_by_what_it_was() -> None:
    told = [change("champion"), change("canary"), change("rules", subject="7"), change("policy", subject="9")]
    assert [changes.name(one) for one in told] == [
        "bravo in charge",
        "bravo canary",
        "rules 7",
        "thresholds 9",
    ]


def test_changes_of_one_slice_share_a_mark() -> None:
    together = [change("rules", hours_ago=2.1, subject="7"), change("rules", hours_ago=2.2, subject="8")]
    apart = change("champion", hours_ago=5)
    marks = changes.marks([apart, *together], HOUR)
    assert [mark.label for mark in marks] == ["bravo in charge", "2 rule changes"]
    assert marks[0].tip == "2026-11-20 07:30:00 UTC bravo in charge by lea: better"
    assert "rules 7 by lea" in marks[1].tip
    assert "rules 8 by lea" in marks[1].tip


def test_a_deployment_among_other_changes_is_named() -> None:
    mixed = [change("rules", hours_ago=2.1), change("champion", hours_ago=2.2)]
    assert changes.marks(mixed, HOUR)[0].label == "bravo in charge +1"
    quiet = [change("rules", hours_ago=2.1), change("policy", hours_ago=2.2)]
    assert changes.marks(quiet, HOUR)[0].label == "2 changes"


def test_labels_of_neighbours_stand_in_rows_of_their_own() -> None:
    near = [change(hours_ago=10), change("canary", hours_ago=9), change(hours_ago=1)]
    assert changes.lanes(changes.marks(near, HOUR), DAY) == [0, 1, 0]


def test_a_kind_is_the_analysts_word_else_what_is_suspected() -> None:
    rows = [
        TypeRow(hour=3, fraud_type="promo_abuse", lead_reason="card_payments_5m", rule_ids=[], alerts=2,
                amount_minor=100),
        TypeRow(hour=3, fraud_type=None, lead_reason="card_payments_5m", rule_ids=[], alerts=5,
                amount_minor=900),
        TypeRow(hour=4, fraud_type=None, lead_reason=None, rule_ids=[], alerts=9, amount_minor=100),
    ]  # fmt: skip
    cells = kinds.cells(rows)
    assert [cell.kind for cell in cells[::24]] == ["stolen card", "promotion abuse", "something else"]
    assert [(cell.hour, cell.alerts) for cell in cells if cell.alerts] == [(3, 5), (3, 2), (4, 9)]
    assert kinds.cells([]) == []


def test_circles_are_as_large_as_the_money_and_where_the_zone_is() -> None:
    rows = [
        ZoneRow(zone="zone_a", alerts=1, amount_minor=100, fraud_minor=100.0),
        ZoneRow(zone="zone_b", alerts=4, amount_minor=900, fraud_minor=400.0),
        ZoneRow(zone="zone_lost", alerts=4, amount_minor=900, fraud_minor=9_000.0),
    ]
    places = [ZonePlace(zone="zone_a", lat=51.5, lon=0.0), ZonePlace(zone="zone_b", lat=51.6, lon=0.2)]
    large, small = zones.circles(rows, places)
    assert (large.zone, large.size, large.tip) == ("zone_b", 1.0, "zone_b: 4 alerts, $4.00 of fraud")
    assert (small.zone, small.size) == ("zone_a", 0.5)


def test_the_map_asks_nobody_for_tiles() -> None:
    places = [ZonePlace(zone="zone_a", lat=51.5, lon=0.0)]
    told = zones.deck(zones.circles([], places), places, LIGHT).to_json()
    assert '"mapStyle": "__MAP_STYLE__"' in told  # which Streamlit takes for no map at all
    assert "http" not in told
    assert rgb("#0d6a6f") == [13, 106, 111]
    assert timedelta(days=1) == PERIODS["30 d"].width
