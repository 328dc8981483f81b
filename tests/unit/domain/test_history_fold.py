"""The fold as a whole: the same history from the same events, in any order, any number of times."""

from copy import deepcopy
from typing import get_args

import pytest
from event_factories import (
    NOW_MS,
    a_card_added,
    a_driver_contact,
    a_heartbeat,
    a_history,
    a_login,
    a_payment,
    a_payment_outcome,
    a_profile_change,
)
from event_strategies import events
from hypothesis import given
from hypothesis import strategies as st

from domain.decision import Outcome, Verdict
from domain.display import DAY_MS, HOUR_MS, MINUTE_MS
from domain.events import Event
from domain.history import (
    IDS_KEPT_MS,
    LATENESS_HORIZON_MS,
    HistoryKind,
    decode_history,
    encode_history,
    fold,
    folds,
    is_late,
)

KINDS = get_args(HistoryKind)


def folded(kind: HistoryKind, stream: list[Event]) -> bytes:
    return encode_history(a_history(kind, *stream))


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_any_order_gives_the_same_bytes(kind: HistoryKind, data: st.DataObject) -> None:
    stream = data.draw(events(kind))
    assert folded(kind, data.draw(st.permutations(stream))) == folded(kind, stream)


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_repeats_within_the_horizon_change_nothing(kind: HistoryKind, data: st.DataObject) -> None:
    stream = data.draw(events(kind, span_ms=IDS_KEPT_MS))
    repeats = data.draw(st.lists(st.sampled_from(stream), max_size=20))
    assert folded(kind, data.draw(st.permutations(stream + repeats))) == folded(kind, stream)


@given(stream=events("user"))
def test_the_history_before_is_left_as_it_was(stream: list[Event]) -> None:
    history = None
    for event in stream:
        before = deepcopy(history)
        after = fold("user", history, event, NOW_MS)
        assert history == before
        history = after


@given(stream=events("user"))
def test_bytes_hold_the_whole_history(stream: list[Event]) -> None:
    history = a_history("user", *stream)
    assert decode_history(encode_history(history)) == history


def test_a_repeat_gives_back_the_very_same_object() -> None:
    payment = a_payment()
    history = a_history("card", payment)
    assert fold("card", history, payment, NOW_MS + DAY_MS) is history


def test_an_event_that_counts_nothing_prunes_what_left_the_windows_all_the_same() -> None:
    payment = a_payment(at_ms=NOW_MS)
    change = a_profile_change(at_ms=NOW_MS + 10 * MINUTE_MS)
    assert folded("user", [payment, change]) == folded("user", [change, payment])
    assert a_history("user", payment, change).tiles_5m == []


def test_an_event_whose_id_was_pruned_is_folded_again() -> None:
    old, new = a_payment(at_ms=NOW_MS), a_payment(at_ms=NOW_MS + IDS_KEPT_MS + 1)
    history = a_history("card", old, new, old)
    assert history.version == 3
    assert history.lifetime_payments == 3


def test_an_id_is_kept_to_the_last_millisecond() -> None:
    old, new = a_payment(at_ms=NOW_MS), a_payment(at_ms=NOW_MS + IDS_KEPT_MS)
    assert a_history("card", old, new, old).version == 2


def test_version_counts_events_and_known_at_is_the_newest_record_time() -> None:
    history = fold("card", None, a_payment(), NOW_MS + 5)
    history = fold("card", history, a_payment(), NOW_MS + 2)
    assert (history.epoch, history.version, history.known_at_ms) == (1, 2, NOW_MS + 5)


@pytest.mark.parametrize(
    ("behind_ms", "late"), [(0, False), (LATENESS_HORIZON_MS, False), (HOUR_MS + 1, True)]
)
def test_late_is_later_than_an_hour(behind_ms: int, late: bool) -> None:
    assert is_late(a_payment(at_ms=NOW_MS), NOW_MS + behind_ms) is late


def test_events_without_a_place_in_histories() -> None:
    assert folds(a_payment())
    assert not folds(a_heartbeat())
    assert not folds(a_driver_contact())


def test_what_a_payment_leaves_in_a_card_and_in_its_user() -> None:
    payment = a_payment(amount_minor=1_850)
    card, user = a_history("card", payment), a_history("user", payment)
    assert (card.user_ids, card.card_ids) == (["usr_a"], [])
    assert (user.user_ids, user.card_ids) == ([], ["card_a"])
    for history in (card, user):
        assert (history.lifetime_payments, history.lifetime_amount_minor) == (1, 1_850)
        assert (history.device_ids, history.zone_ids, history.driver_ids) == (
            ["dev_a"],
            ["zone_a"],
            ["drv_a"],
        )
        assert (history.recent_at_ms, history.recent_lat_e6) == ([NOW_MS], [40_710_000])
        assert history.amount_buckets.index(1) == 10  # 1,024 to 2,047


@pytest.mark.parametrize(
    ("verdict", "let_through"),
    [(Verdict.APPROVE, 1), (Verdict.REVIEW, 1), (Verdict.CHALLENGE, 1), (Verdict.DECLINE, 0)],
)
def test_a_declined_payment_is_no_part_of_the_usual(verdict: Verdict, let_through: int) -> None:
    history = a_history("card", a_payment(verdict=verdict))
    assert history.lifetime_payments == let_through
    assert history.lifetime_declines == 1 - let_through
    assert sum(history.amount_buckets) == let_through


def test_the_largest_amounts_share_the_last_bucket() -> None:
    history = a_history("card", a_payment(amount_minor=10**12), a_payment(amount_minor=2**23))
    assert history.amount_buckets[-1] == 2


@pytest.mark.parametrize(
    ("outcome", "failures", "chargebacks"),
    [(Outcome.FAILED, 1, 0), (Outcome.CHARGEBACK, 0, 1), (Outcome.CAPTURED, 0, 0), (Outcome.REFUNDED, 0, 0)],
)
def test_what_an_outcome_leaves(outcome: Outcome, failures: int, chargebacks: int) -> None:
    history = a_history("card", a_payment_outcome(outcome=outcome))
    assert (history.lifetime_failures, history.lifetime_chargebacks) == (failures, chargebacks)


def test_cards_logins_and_contact_changes_leave_their_times() -> None:
    history = a_history(
        "user",
        a_card_added(at_ms=NOW_MS - 2),
        a_card_added(at_ms=NOW_MS - 9),
        a_login(at_ms=NOW_MS - 5, new_device=True),
        a_login(at_ms=NOW_MS - 1),
        a_profile_change(at_ms=NOW_MS - 4, contact_changed=True),
        a_profile_change(at_ms=NOW_MS - 3),
    )
    assert (history.card_first_added_ms, history.card_added_ms) == (NOW_MS - 9, NOW_MS - 2)
    assert history.new_device_login_ms == NOW_MS - 5
    assert history.contact_changed_ms == NOW_MS - 4
    assert (history.first_seen_ms, history.last_seen_ms) == (NOW_MS - 9, NOW_MS - 1)
