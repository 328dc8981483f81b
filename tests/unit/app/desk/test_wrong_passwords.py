import pytest

from app.desk.sessions import MOST_WRONG, PAUSE_S, SignInRefused, WrongPasswords


def test_after_five_wrong_passwords_a_name_waits_for_a_minute() -> None:
    now = [100.0]
    wrong = WrongPasswords(lambda: now[0])
    for _ in range(MOST_WRONG):
        wrong.require_patience("ana")
        wrong.add("ana")
        now[0] += 1
    with pytest.raises(SignInRefused, match="wait 55 s"):
        wrong.require_patience("ana")
    wrong.require_patience("ben")
    now[0] += PAUSE_S
    wrong.require_patience("ana")


def test_wrong_passwords_of_another_time_do_not_count() -> None:
    now = [100.0]
    wrong = WrongPasswords(lambda: now[0])
    for _ in range(3 * MOST_WRONG):
        wrong.add("ana")
        now[0] += PAUSE_S / 4
        wrong.require_patience("ana")


def test_the_right_password_wipes_the_slate() -> None:
    wrong = WrongPasswords(lambda: 0.0)
    for _ in range(MOST_WRONG):
        wrong.add("ana")
    wrong.forget("ana")
    wrong.require_patience("ana")
