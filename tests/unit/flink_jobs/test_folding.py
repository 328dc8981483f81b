from event_factories import NOW_MS, a_payment, a_profile_change, an_account

from domain.events import Event
from domain.history import decode_history
from domain.profile import decode_profile
from flink_jobs.folding import Folded, fold_payload, read_folded


def folded(kind: str, *events: Event) -> Folded:
    after: Folded | None = None
    for event in events:
        after = fold_payload(kind, after.payload if after else None, event, NOW_MS)
        assert after is not None, "each event is new"
    assert after is not None, "there is at least one event"
    return after


def test_the_header_repeats_what_the_payload_says() -> None:
    after = folded("card", a_payment(), a_payment())
    history = decode_history(after.payload)
    assert (after.epoch, after.version, after.known_at_ms) == (1, 2, NOW_MS)
    assert (history.epoch, history.version, history.known_at_ms) == (1, 2, NOW_MS)


def test_a_payload_says_the_same_when_it_is_read_again() -> None:
    for after in (folded("zone", a_payment(), a_payment()), folded("profile", an_account())):
        assert read_folded(after.payload) == after


def test_a_card_and_its_user_remember_differently() -> None:
    payment = a_payment()
    assert decode_history(folded("card", payment).payload).user_ids == ["usr_a"]
    assert decode_history(folded("user", payment).payload).card_ids == ["card_a"]


def test_a_repeat_folds_to_nothing() -> None:
    payment = a_payment()
    after = folded("user", payment)
    assert fold_payload("user", after.payload, payment, NOW_MS + 9) is None


def test_a_profile_is_folded_by_its_own_rules() -> None:
    account, change = an_account(at_ms=NOW_MS - 5), a_profile_change()
    after = folded("profile", account, change)
    profile = decode_profile(after.payload)
    assert (after.epoch, after.version, after.known_at_ms) == (1, 2, NOW_MS)
    assert (profile.home_zone, profile.account_created_ms) == ("zone_b", NOW_MS - 5)
    assert fold_payload("profile", after.payload, account, NOW_MS + 9) is None
