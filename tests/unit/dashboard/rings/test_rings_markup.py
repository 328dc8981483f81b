from rings_factories import a_member, a_ring

from app.desk.rings import RingDone
from dashboard.views.rings import act, detail, table
from dashboard.views.rings.readings import Use
from domain.decision import Outcome
from domain.labels import Label


def test_a_large_ring_is_drawn_in_part() -> None:
    members = [a_member(f"usr_{number:02}") for number in range(20)]
    shown = detail.drawing(a_ring(*members))
    assert "6 more" in shown
    assert "usr_13" in shown
    assert "usr_14" not in shown


def test_cards_stand_left_and_devices_right_of_the_riders() -> None:
    uses = [
        Use(kind=kind, entity_id=f"{kind}_x", user_id=user_id)
        for kind in ("card", "device")
        for user_id in ("usr_a", "usr_b")
    ]
    shown = detail.drawing(a_ring(uses=uses))
    assert shown.index("card_x: 2 riders") > 0
    assert "fg-user fg-charged-back" in shown


def test_a_member_without_payments_says_so() -> None:
    shown = detail.members_html(a_ring(a_member(last_decision_id=None)))
    assert "none in 30 days" in shown


def test_a_members_last_payment_tells_what_became_of_it() -> None:
    member = a_member("usr_<", last_outcome=Outcome.CHARGEBACK, last_label=Label.FRAUD)
    shown = detail.members_html(a_ring(member))
    assert "charged back, said to be fraud" in shown
    assert "fg-number fg-loss'>$5.00" in shown
    assert "usr_&lt;" in shown


def test_bars_are_parts_of_the_busiest_day() -> None:
    shown = table.bars((0, 2, 4))
    assert "6 joined in 3 days" in shown
    assert "height:50%" in shown


def test_what_was_done_is_told() -> None:
    assert act.told(RingDone(riders=2, cases=0, left=0, listed=0)) == "Nothing was left to do."
    told = act.told(RingDone(riders=2, cases=1, left=2, listed=1))
    assert told == "1 case closed as fraud, 1 value blocked. 2 cases are left to whoever works on them."
