from feature_factories import NOON_MS, history_message

from domain.display import MINUTE_MS
from feature_repo.snapshots import SETTLING_MS, WaitingSnapshots

LATER = NOON_MS + MINUTE_MS + SETTLING_MS


def waiting(position: int = 0) -> WaitingSnapshots:
    return WaitingSnapshots("features.card.v1", 2, position)


def test_only_the_newest_of_an_entity_and_minute_is_kept() -> None:
    snapshots = waiting()
    for offset, version in enumerate((1, 2, 3)):
        snapshots.add(offset, history_message(version=version))
    snapshots.add(3, history_message("card_b"))
    snapshots.add(4, history_message(version=4, known_at_ms=NOON_MS + MINUTE_MS))
    chunk = snapshots.take(LATER + MINUTE_MS)
    assert chunk
    assert [(m.entity_id, m.version) for m in chunk.messages] == [("card_a", 3), ("card_b", 1), ("card_a", 4)]
    assert (chunk.span.first, chunk.span.last) == (0, 4)


def test_a_minute_is_written_when_it_is_over_and_has_settled() -> None:
    snapshots = waiting()
    snapshots.add(0, history_message())
    assert snapshots.take(LATER - 1) is None
    assert snapshots.take(LATER)


def test_an_open_minute_holds_back_what_follows_it() -> None:
    snapshots = waiting()
    snapshots.add(0, history_message("card_a"))
    snapshots.add(1, history_message("card_b", known_at_ms=NOON_MS + MINUTE_MS))
    snapshots.add(2, history_message("card_c"))
    chunk = snapshots.take(LATER)
    assert chunk
    assert (chunk.span.first, chunk.span.last, len(chunk.messages)) == (0, 0, 1)
    rest = snapshots.take(LATER + MINUTE_MS)
    assert rest
    assert (rest.span.first, rest.span.last, len(rest.messages)) == (1, 2, 2)


def test_a_snapshot_superseded_by_a_waiting_one_is_not_written() -> None:
    snapshots = waiting()
    snapshots.add(0, history_message("card_a", version=1))
    snapshots.add(1, history_message("card_b", known_at_ms=NOON_MS + MINUTE_MS))
    snapshots.add(2, history_message("card_a", version=2))
    first, second = snapshots.take(LATER), snapshots.take(LATER + MINUTE_MS)
    assert first
    assert second
    assert first.messages == ()
    assert [(m.entity_id, m.version) for m in second.messages] == [("card_b", 1), ("card_a", 2)]


def test_an_older_version_does_not_replace_a_newer_one() -> None:
    snapshots = waiting()
    snapshots.add(0, history_message(version=7))
    snapshots.add(1, history_message(version=6))
    chunk = snapshots.take(LATER)
    assert chunk
    assert [m.version for m in chunk.messages] == [7]


def test_a_minute_ahead_of_the_clock_is_not_waited_for() -> None:
    snapshots = waiting()
    snapshots.add(0, history_message(known_at_ms=NOON_MS + 10 * MINUTE_MS))
    assert snapshots.take(NOON_MS)


def test_when_too_much_waits_open_minutes_are_written_too() -> None:
    snapshots = waiting()
    snapshots.add(0, history_message())
    assert snapshots.take(NOON_MS, all_minutes=True)
    assert len(snapshots) == 0


def test_messages_that_are_no_snapshots_move_the_position() -> None:
    snapshots = waiting(position=5)
    assert snapshots.take(NOON_MS) is None
    snapshots.skip(5)
    chunk = snapshots.take(NOON_MS)
    assert chunk
    assert (chunk.span.first, chunk.span.last, chunk.messages) == (5, 5, ())


def test_a_chunk_is_divided_by_utc_day() -> None:
    snapshots = waiting()
    snapshots.add(0, history_message())
    snapshots.add(1, history_message(known_at_ms=NOON_MS - 86_400_000))
    chunk = snapshots.take(LATER)
    assert chunk
    assert list(chunk.by_day()) == ["2026-09-21", "2026-09-20"]
