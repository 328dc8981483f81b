"""Which event a decision knew, what became of it, and what may be seen of a message nobody could read."""

from event_factories import a_payment
from pipeline_page_factories import EVENT, NOW_MS, a_kept

from app.desk.dead_letters import Place, Record
from dashboard.views.pipeline import followed, letters, picture
from dashboard.views.pipeline.followed import Followed, Told, Version
from dashboard.views.pipeline.readings import Row
from domain.events import encode_event, from_ms

ENCODED = encode_event(a_payment(at_ms=NOW_MS - 1_000, id="txn_a", producer="api"))
RECORD = Told(place=EVENT, value=ENCODED, time_ms=NOW_MS - 960)
USER = Version("user", "usr_a", 1, 1_009)


def a_row(version: int = 1_009) -> Row:
    return Row(
        view="user_history", entity_id="usr_a", epoch=1, version=version, written_at=from_ms(NOW_MS - 500)
    )


def test_of_each_partition_the_newest_event_is_looked_up() -> None:
    places = followed.places_of(a_kept())
    assert places["card"] == [Place(topic="payments.decisions.v1", partition=2, offset=40)]
    newest = followed.newest_of(places)
    assert newest == [EVENT, Place(topic="rides.events.v1", partition=3, offset=9)]
    assert followed.places_of(a_kept(positions=None)) == {}


def test_an_event_belongs_to_the_history_that_knew_it_last() -> None:
    assert followed.version_of(a_kept(), EVENT) == USER
    older = Place(topic="payments.decisions.v1", partition=2, offset=40)
    assert followed.version_of(a_kept(), older) == Version("card", "card_a", 1, 7)
    assert followed.version_of(a_kept(user_version=None), EVENT) is None


def test_the_whole_way_is_told_with_its_gaps() -> None:
    steps = followed.story(a_kept(), RECORD, USER, NOW_MS - 700.0, [a_row()])
    assert [(step.name, step.gap) for step in steps] == [
        ("Produced", ""), ("In Kafka", "40 ms"), ("Folded", "260 ms"), ("Written", "200 ms"),
        ("Read", "500 ms"), ("Decided", "3 ms"),
    ]  # fmt: skip
    assert steps[0].note == "payment.decided txn_a by api"
    assert steps[2].note == "version 1.1,009 of the rider usr_a"
    assert steps[4].note == "features 420 ms old, rung R0"


def test_what_nobody_knows_any_more_is_left_open() -> None:
    steps = followed.story(a_kept(overlaid=1, feature_age_ms=None), RECORD, USER, None, [a_row(1_010)])
    assert steps[2].at_ms is None
    assert steps[3].note == "overwritten since, by version 1.1,010"
    assert steps[4].gap == "960 ms"
    assert steps[4].note == "features of unknown age, rung R0; 1 payment in flight laid over"
    drawn = picture.line(Followed(kept=a_kept(), steps=steps))
    assert drawn.count("not known any more") == 2


def test_an_event_that_cannot_be_read_is_followed_all_the_same() -> None:
    steps = followed.story(a_kept(), Told(place=EVENT, value=b"{", time_ms=1), None, None, [])
    assert steps[0].at_ms is None
    assert steps[0].note.startswith("not_json")
    assert steps[2].note == "the decision read no history of its card or rider"
    assert (
        followed.story(a_kept(), RECORD, USER, None, [])[3].note == "the online store holds no history of it"
    )


def test_a_clock_that_runs_ahead_shows_as_a_gap_below_nothing() -> None:
    late = Told(place=EVENT, value=ENCODED, time_ms=NOW_MS - 1_020)
    assert followed.story(a_kept(), late, USER, None, [])[1].gap == "-20 ms"
    assert picture.clock_ms(NOW_MS + 7.4).endswith(".007")


def test_a_message_with_a_card_number_is_not_shown() -> None:
    told = letters.shown(Record(key=None, value=b'{"note": "4111 1111 1111 1111"}', time_ms=0))
    assert told.text is None
    assert "looks like a card number" in told.why_not


def test_what_is_gone_or_too_large_is_said() -> None:
    assert letters.shown(None).why_not == "Kafka keeps this message no more."
    assert "70,000 bytes" in letters.shown(Record(key=None, value=b"x" * 70_000, time_ms=0)).why_not
    assert letters.shown(Record(key=None, value=None, time_ms=0)).text == ""
    assert letters.shown(Record(key=None, value=b"\xff{", time_ms=0)).text == "\ufffd{"
