"""Timeline, ride, links and the trail."""

from case_factories import (
    a_case,
    a_deed,
    a_payment,
    a_request,
    a_subject,
    a_word,
    ago,
    an_earlier_ride,
)
from msgspec import structs

from dashboard.readings import OutcomeRow
from dashboard.views.case import linked, timeline, told, trip, trip_map
from dashboard.views.case.readings import LinkRow, Marked
from domain.decision import Outcome
from domain.display import HOUR_MS, MINUTE_MS
from domain.labels import Label


def test_a_timeline_marks_what_is_shared_and_what_became_of_it() -> None:
    rows = [
        a_payment(),
        a_payment(decision_id="dec_x", user_id="usr_other", outcome=Outcome.CHARGEBACK, label=Label.FRAUD),
        a_payment(decision_id="dec_y", decided_at=ago(days=3), device_id="dev_<b>"),
    ]
    shown = timeline.markup_of(rows, a_subject())
    for piece in (
        "<tr class='fg-opened'>",
        "another rider: usr_other",
        "another device: dev_&lt;b&gt;",
        "fg-number fg-loss",
        "charged back, said to be fraud",
        "02-26 12:00",
        "11:55:30",
    ):
        assert piece in shown, piece
    assert timeline.summary(rows, a_subject()) == "3 payments, newest first; 1 other rider among them"
    assert timeline.ALONE in timeline.markup_of([a_payment()], a_subject())


def test_the_payment_itself_is_always_in_its_timeline() -> None:
    newer = [a_payment(decision_id=f"dec_{number}", decided_at=ago(minutes=1)) for number in range(50)]
    rows = timeline.rows_around(newer, a_subject())
    assert len(rows) == 40
    assert rows[-1].decision_id == "dec_b"


def test_the_leg_from_the_last_pick_up_has_a_speed() -> None:
    subject = a_subject()
    before = an_earlier_ride(
        as_of_ms=subject.as_of_ms - 6 * MINUTE_MS,
        request=a_request(pickup={"zone": "zone_z", "lat": 51.87, "lon": 0.0}),
    )
    way = trip.way(subject, before)
    assert way
    assert way.leg
    assert way.leg.is_fast
    assert trip.sentence(way).endswith(
        "From the last pick-up: 41.1 km in 6 min, 411 km/h, which nobody drives."
    )
    slow = trip.way(subject, structs.replace(before, as_of_ms=subject.as_of_ms - HOUR_MS))
    assert slow
    assert trip.sentence(slow).endswith("41.1 km in 60 min, 41 km/h.")


def test_other_rides_are_told_too() -> None:
    subject = a_subject()
    assert trip.way(a_subject(request=b"nonsense"), None) is None
    alone = trip.way(subject, None)
    assert alone
    assert "No earlier ride" in trip.sentence(alone)
    same_place = trip.way(subject, an_earlier_ride(as_of_ms=subject.as_of_ms - MINUTE_MS))
    assert same_place
    assert "began at the same place, 1 min before" in trip.sentence(same_place)


def test_a_map_fetches_nothing() -> None:
    way = trip.way(a_subject(), an_earlier_ride())
    assert way
    zones = trip.zones([way.trip])
    assert [zone.zone for zone in zones] == ["zone_a", "zone_b"]
    for dark in (False, True):
        drawn = trip_map.deck(way, zones, dark=dark)
        assert drawn.map_provider is None
        assert '"mapStyle": "__MAP_STYLE__"' in drawn.to_json()
        assert "http" not in drawn.to_json()


def test_linked_riders_are_drawn_from_links_and_payments() -> None:
    links = [
        LinkRow(kind="device", entity_id="dev_b", user_id="usr_known", users=2),
        LinkRow(kind="device", entity_id="dev_b", user_id="usr_b", users=2),
    ]
    payments = [a_payment(), a_payment(user_id="usr_paid", device_id="dev_elsewhere")]
    marked = [
        Marked(user_id="usr_known", chargebacks=1, labelled=2),
        Marked(user_id="usr_paid", chargebacks=0, labelled=1),
    ]
    shown = linked.drawing(a_subject(), links, payments, marked)
    assert "usr_known: 1 chargeback, 2 payments said to be fraud" in shown
    assert "fg-user fg-charged-back" in shown
    assert "fg-user fg-known" in shown
    assert "dev_elsewhere" not in shown
    assert linked.others_of(a_subject(), links, payments) == {"usr_known", "usr_paid"}


def test_a_hub_connects_nobody_and_many_riders_are_counted() -> None:
    hub = [LinkRow(kind="card", entity_id="card_b", user_id=f"usr_{n:02}", users=10) for n in range(10)]
    shown = linked.drawing(a_subject(), hub, [], [])
    assert "more than 8 riders, a hub" in shown
    assert "usr_05" not in shown
    many = [
        LinkRow(kind=kind, entity_id=f"{kind}_b", user_id=f"usr_{kind}{n}", users=7)
        for kind in ("card", "dev")
        for n in range(7)
    ]
    rows = [structs.replace(row, kind="device") if row.kind == "dev" else row for row in many]
    assert "4 more" in linked.drawing(a_subject(), rows, [], [])


def test_the_trail_is_one_list_of_people_callers_and_banks() -> None:
    back = OutcomeRow(
        outcome=Outcome.CHARGEBACK, reason_code="10.4", amount_minor=8_420, occurred_at=ago(seconds=5)
    )
    decided = {
        "resolution": "fraud",
        "fraud_type": "stolen_card",
        "entry_ids": ["entry_a"],
        "why": "seen <b>",
    }
    case = a_case(
        structs.replace(a_subject(), outcomes=[back]),
        told=[a_deed(), a_deed(at=ago(seconds=20), action="case.decide", details=decided, person_id="lea")],
        words=[a_word(why="they said so"), a_word(labelled_by="lea")],
    )
    assert [event.sentence for event in told.events(case, "lea")] == [
        "Charged back, $84.20 (reason 10.4)",
        "You confirmed it as fraud (stolen card), and put 1 value on lists: “seen <b>”",
        "Ada claimed the case",
        "The key key_a called it a fraud: “they said so”",
    ]
    shown = told.markup_of(case, "lea")
    assert "seen &lt;b&gt;" in shown
    assert "class='fg-loss'" in shown
    assert told.NOTHING in told.markup_of(a_case(), "lea")
