from feature_factories import NOON_MS, history_message
from raw_factories import a_message

from domain.display import MINUTE_MS
from domain.feature_message import HistoryMessage, WatermarkMessage, encode_message
from domain.topics import FEATURES
from feature_repo.snapshots import SETTLING_MS, Snapshots, WaitingSnapshots

LATER = NOON_MS + MINUTE_MS + SETTLING_MS


def waiting(position: int = 0) -> WaitingSnapshots:
    return WaitingSnapshots("features.card.v1", 2, position)


def add(snapshots: WaitingSnapshots, offset: int, message: HistoryMessage) -> None:
    snapshots.add(a_message(offset, encode_message(message)))


def test_only_the_newest_of_an_entity_and_minute_is_kept() -> None:
    snapshots = waiting()
    for offset, version in enumerate((1, 2, 3)):
        add(snapshots, offset, history_message(version=version))
    add(snapshots, 3, history_message("card_b"))
    add(snapshots, 4, history_message(version=4, known_at_ms=NOON_MS + MINUTE_MS))
    chunk = snapshots.take(LATER + MINUTE_MS)
    assert chunk
    assert [(m.entity_id, m.version) for m in chunk.rows] == [("card_a", 3), ("card_b", 1), ("card_a", 4)]
    assert (chunk.span.first, chunk.span.last) == (0, 4)


def test_a_minute_is_written_when_it_is_over_and_has_settled() -> None:
    snapshots = waiting()
    add(snapshots, 0, history_message())
    assert snapshots.take(LATER - 1) is None
    assert snapshots.take(LATER)


def test_an_open_minute_holds_back_what_follows_it() -> None:
    snapshots = waiting()
    add(snapshots, 0, history_message("card_a"))
    add(snapshots, 1, history_message("card_b", known_at_ms=NOON_MS + MINUTE_MS))
    add(snapshots, 2, history_message("card_c"))
    chunk = snapshots.take(LATER)
    assert chunk
    assert (chunk.span.first, chunk.span.last, len(chunk.rows)) == (0, 0, 1)
    rest = snapshots.take(LATER + MINUTE_MS)
    assert rest
    assert (rest.span.first, rest.span.last, len(rest.rows)) == (1, 2, 2)


def test_a_snapshot_superseded_by_a_waiting_one_is_not_written() -> None:
    snapshots = waiting()
    add(snapshots, 0, history_message("card_a", version=1))
    add(snapshots, 1, history_message("card_b", known_at_ms=NOON_MS + MINUTE_MS))
    add(snapshots, 2, history_message("card_a", version=2))
    first, second = snapshots.take(LATER), snapshots.take(LATER + MINUTE_MS)
    assert first
    assert second
    assert first.rows == ()
    assert [(m.entity_id, m.version) for m in second.rows] == [("card_b", 1), ("card_a", 2)]


def test_an_older_version_does_not_replace_a_newer_one() -> None:
    snapshots = waiting()
    add(snapshots, 0, history_message(version=7))
    add(snapshots, 1, history_message(version=6))
    chunk = snapshots.take(LATER)
    assert chunk
    assert [m.version for m in chunk.rows] == [7]


def test_a_minute_ahead_of_the_clock_is_not_waited_for() -> None:
    snapshots = waiting()
    add(snapshots, 0, history_message(known_at_ms=NOON_MS + 10 * MINUTE_MS))
    assert snapshots.take(NOON_MS)


def test_when_too_much_waits_open_minutes_are_written_too() -> None:
    snapshots = waiting()
    add(snapshots, 0, history_message())
    assert snapshots.take(NOON_MS, everything=True)
    assert snapshots.size == 0


def test_messages_that_are_no_snapshots_move_the_position() -> None:
    snapshots = waiting(position=5)
    assert snapshots.take(NOON_MS) is None
    watermark = WatermarkMessage(subtask=0, subtasks=1, low_watermark_ms=NOON_MS)
    for offset, body in enumerate((encode_message(watermark), b"no message of ours", None), start=5):
        snapshots.add(a_message(offset, body))
    chunk = snapshots.take(NOON_MS)
    assert chunk
    assert (chunk.span.first, chunk.span.last, chunk.rows) == (5, 7, ())


def test_every_features_topic_has_its_view() -> None:
    for topic in FEATURES:
        assert Snapshots().shelf(topic.name).topic == topic
