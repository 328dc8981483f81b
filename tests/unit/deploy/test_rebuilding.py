"""Decisions come out of raw events as they were, and what does not is found."""

from pathlib import Path
from typing import Any

import pytest
from event_factories import (
    NOW_MS,
    a_card_added,
    a_payment,
    a_payment_outcome,
    a_profile_change,
    a_ride_request,
    an_account,
    letters,
)
from live import Live, in_flight
from msgspec import structs

from deploy.parity.comparison import Judged, stored_vector
from deploy.parity.decisions import RecordedDecision
from deploy.parity.rebuilding import Anchor, KeptZones, Rebuild
from deploy.parity.rings import LinkPast
from domain.catalogue import FEATURE_NAMES
from domain.decision import Verdict
from domain.display import HOUR_MS, MINUTE_MS, SECOND_MS
from feature_repo.raw_archive import RawArchive
from flink_jobs.as_known import PastForgotten


@pytest.fixture
def live() -> Live:
    """A rider of a month, others in two zones, and a stream that has told of all of it."""
    world = Live()
    world.tell(an_account(at_ms=NOW_MS - 700 * HOUR_MS))
    world.tell(a_card_added(at_ms=NOW_MS - 699 * HOUR_MS))
    for hours in (300, 80, 30, 9, 2):
        world.tell(a_ride_request(at_ms=NOW_MS - hours * HOUR_MS, ride_id=f"ride_{letters(hours)}"))
        world.tell(a_payment(at_ms=NOW_MS - hours * HOUR_MS + MINUTE_MS, amount_minor=1_000 + hours))
        world.tell(a_payment(at_ms=NOW_MS - hours * HOUR_MS, **other(hours), verdict=Verdict.DECLINE))
    world.tell(a_payment_outcome(at_ms=NOW_MS - HOUR_MS, device_id="dev_a", pickup_zone="zone_a"))
    world.tell(a_profile_change(at_ms=NOW_MS - HOUR_MS))
    return world


def other(number: int) -> dict[str, Any]:
    who = letters(number)
    return {
        "user_id": f"usr_{who}",
        "card_id": f"card_{who}",
        "device_id": f"dev_{who}",
        "pickup_zone": "zone_b",
    }


def judged(
    live: Live, folder: Path, *decisions: RecordedDecision, hindsight: bool = False, **given: Any
) -> list[Judged]:
    live.past.archive(folder)
    return list(Rebuild(decisions, RawArchive(folder), hindsight=hindsight, **given).judged())


def test_a_vector_comes_out_bit_by_bit(live: Live, tmp_path: Path) -> None:
    decision = live.decide()
    (found,) = judged(live, tmp_path, decision)
    assert found.as_known
    assert not found.saturated


def test_what_was_told_later_has_no_part_in_it(live: Live, tmp_path: Path) -> None:
    decisions = [live.decide(at_ms=NOW_MS)]
    live.tell(a_payment(at_ms=NOW_MS - 5 * MINUTE_MS), known_at_ms=NOW_MS + SECOND_MS)
    live.tell(a_payment(at_ms=NOW_MS - MINUTE_MS, **other(3)), known_at_ms=NOW_MS + SECOND_MS)
    decisions.append(live.decide(at_ms=NOW_MS + 2 * SECOND_MS))
    live.tell(a_profile_change(at_ms=NOW_MS + 3 * SECOND_MS))
    decisions.append(live.decide(at_ms=NOW_MS + 4 * SECOND_MS))
    assert [found.as_known for found in judged(live, tmp_path, *decisions)] == [True] * 3


def test_a_tampered_vector_is_found(live: Live, tmp_path: Path) -> None:
    decision = live.decide()
    place = 4 * FEATURE_NAMES.index("amount")
    tampered = decision.vector[:place] + b"\x00\x00\x80?" + decision.vector[place + 4 :]
    (found,) = judged(live, tmp_path, structs.replace(decision, vector=tampered))
    (difference,) = found.differences
    assert (difference.feature, difference.stored, difference.rebuilt) == ("amount", 1.0, 1850.0)


def test_an_event_that_the_archive_lost_is_found(live: Live, tmp_path: Path) -> None:
    decision = live.decide()
    lost = next(r for r in live.past.records if b"ride_" in (r.body or b"") and b"usr_a" in (r.body or b""))
    live.past.records.remove(lost)
    (found,) = judged(live, tmp_path, decision)
    assert "version of the user" in {difference.feature for difference in found.differences}
    assert not found.as_known


def test_a_wrong_version_is_a_difference_even_if_the_vector_is_equal(live: Live, tmp_path: Path) -> None:
    decision = live.decide()
    card = structs.replace(decision.reads["card"], version=99)
    (found,) = judged(live, tmp_path, structs.replace(decision, reads={**decision.reads, "card": card}))
    (difference,) = found.differences
    assert (difference.feature, difference.stored) == ("version of the card", 99)


def test_payments_in_flight_are_laid_over(live: Live, tmp_path: Path) -> None:
    first = live.decide(at_ms=NOW_MS)
    declined = structs.replace(in_flight(live.decide(at_ms=NOW_MS + 1)), verdict=Verdict.DECLINE)
    second = live.decide(at_ms=NOW_MS + 5, in_flight=(in_flight(first), declined))
    assert [found.as_known for found in judged(live, tmp_path, second)] == [True]
    forgotten = structs.replace(second, in_flight=(in_flight(first),))
    (found,) = judged(live, tmp_path, forgotten)
    assert "card_declines_5m" in {difference.feature for difference in found.differences}


def test_who_was_never_heard_of_stays_unknown(live: Live, tmp_path: Path) -> None:
    stranger = live.decide(user_id="usr_new", card_id="card_new", device_id="dev_new", pickup_zone="zone_new")
    live.tell(a_card_added(at_ms=NOW_MS - SECOND_MS, user_id="usr_new", card_id="card_new"))
    (found,) = judged(live, tmp_path, stranger, hindsight=True)
    assert found.as_known
    assert found.hindsight is not None
    assert "card_since_added" in found.hindsight


def test_the_pulse_is_the_sum_of_its_own_zones(live: Live, tmp_path: Path) -> None:
    before = live.decide()
    for number in range(1, 40):
        live.tell(a_payment(at_ms=NOW_MS - number, **other(number), verdict=Verdict.DECLINE))
    zones_then = structs.replace(live.decide(), pulse=before.pulse, pulse_id=before.pulse_id)
    (first, mixed) = judged(live, tmp_path, before, zones_then)
    assert first.as_known
    assert {difference.feature for difference in mixed.differences} == {"platform_decline_rise"}


def test_hindsight_sees_what_came_late_and_not_what_came_after(live: Live, tmp_path: Path) -> None:
    untouched = live.decide(at_ms=NOW_MS, **other(9))
    late = live.decide(at_ms=NOW_MS)
    live.tell(a_payment(at_ms=NOW_MS - 2 * MINUTE_MS), known_at_ms=NOW_MS + SECOND_MS)
    live.tell(a_payment(at_ms=NOW_MS + 1, **other(9)))
    found = judged(live, tmp_path, untouched, late, hindsight=True)
    by_id = {each.decision_id: each for each in found}
    assert all(each.as_known for each in found)
    assert by_id[untouched.decision_id].hindsight == ()
    assert "card_payments_5m" in (by_id[late.decision_id].hindsight or ())


def test_the_own_payment_is_no_hindsight(live: Live, tmp_path: Path) -> None:
    decision = live.decide()
    live.tell(in_flight(decision))
    (found,) = judged(live, tmp_path, decision, hindsight=True)
    assert found.hindsight == ()


def test_differences_of_saturated_histories_are_outside_the_claim(live: Live, tmp_path: Path) -> None:
    for number in range(140):
        live.tell(a_payment(at_ms=NOW_MS - 1_000 + number))
    decision = live.decide()
    wrong = {**decision.reads, "card": structs.replace(decision.reads["card"], version=1)}
    (found,) = judged(live, tmp_path, structs.replace(decision, reads=wrong))
    assert found.saturated
    assert found.differences == ()
    assert [difference.feature for difference in found.outside] == ["version of the card"]


def anchored(live: Live, at_ms: int) -> Anchor:
    told = live.decide(at_ms=at_ms)
    assert told.pulse is not None
    return Anchor(at_ms=at_ms, zones=told.pulse)


def test_zones_kept_from_one_rebuild_serve_the_next(live: Live, tmp_path: Path) -> None:
    first = live.decide(at_ms=NOW_MS)
    anchor = anchored(live, NOW_MS)
    rebuild = Rebuild([first], archived(live, tmp_path), hindsight=True, anchor=anchor)
    kept = rebuild.kept()
    assert kept is not None
    assert set(kept.zones) == {"zone_a", "zone_b"}
    for number in range(1, 9):
        live.tell(a_payment(at_ms=NOW_MS + number * SECOND_MS, **other(number)))
    second = live.decide(at_ms=NOW_MS + MINUTE_MS)
    (found,) = judged(live, tmp_path, second, kept=kept, hindsight=True)
    assert found.as_known
    assert found.hindsight == ()


def test_a_decision_older_than_the_kept_zones_is_refused(live: Live, tmp_path: Path) -> None:
    old = live.decide(at_ms=NOW_MS)
    live.tell(a_payment(at_ms=NOW_MS + SECOND_MS))
    anchor = anchored(live, NOW_MS + 2 * SECOND_MS)
    kept = Rebuild([], archived(live, tmp_path), hindsight=False, anchor=anchor).kept()
    with pytest.raises(PastForgotten):
        Rebuild([old], archived(live, tmp_path), hindsight=False, kept=kept)


def test_a_zone_that_does_not_come_out_is_not_kept(live: Live, tmp_path: Path) -> None:
    anchor = anchored(live, NOW_MS)
    wrong = {**anchor.zones, "zone_b": structs.replace(anchor.zones["zone_b"], version=1)}
    kept = Rebuild(
        [], archived(live, tmp_path), hindsight=False, anchor=Anchor(at_ms=NOW_MS, zones=wrong)
    ).kept()
    assert isinstance(kept, KeptZones)
    assert set(kept.zones) == {"zone_a"}


def archived(live: Live, folder: Path) -> RawArchive:
    live.past.archive(folder)
    return RawArchive(folder)


def test_positions_past_the_archives_end_are_not_covered(live: Live, tmp_path: Path) -> None:
    decision = live.decide()
    ends = archived(live, tmp_path).end_positions()
    assert decision.is_covered(ends)
    live.tell(a_payment(at_ms=NOW_MS, **other(2)))
    assert not live.decide().is_covered(ends)


def ring_size(decision: RecordedDecision) -> float:
    return float(stored_vector(decision.vector)[FEATURE_NAMES.index("ring_size")])


def test_a_ring_comes_out_as_it_was_known(live: Live, tmp_path: Path) -> None:
    alone = live.decide()
    live.tell(a_card_added(at_ms=NOW_MS - SECOND_MS, user_id="usr_b", device_id="dev_b"))
    together = live.decide(at_ms=NOW_MS + 1)
    live.tell(a_card_added(at_ms=NOW_MS + 2, user_id="usr_c", device_id="dev_b"))
    assert (ring_size(alone), ring_size(together)) == (1, 2)
    found = judged(live, tmp_path, alone, together, hindsight=True)
    assert [each.as_known for each in found] == [True, True]
    assert found[0].hindsight == ("ring_size", "ring_shared_cards")
    assert found[1].hindsight == ()


def test_a_ring_that_no_event_explains_is_found(live: Live, tmp_path: Path) -> None:
    decision = live.decide()
    nowhere = structs.replace(decision.reads["ring"], positions=[])
    (found,) = judged(live, tmp_path, structs.replace(decision, reads={**decision.reads, "ring": nowhere}))
    assert found.differences[0].feature == "version of the ring"
    assert "ring_size" in {difference.feature for difference in found.differences}


def test_links_are_kept_from_one_rebuild_to_the_next(live: Live, tmp_path: Path) -> None:
    links = LinkPast()
    judged(live, tmp_path, live.decide(), links=links)
    live.tell(a_card_added(at_ms=NOW_MS + 1, user_id="usr_b", device_id="dev_b"))
    (found,) = judged(live, tmp_path, live.decide(at_ms=NOW_MS + 2), links=links)
    assert found.as_known
