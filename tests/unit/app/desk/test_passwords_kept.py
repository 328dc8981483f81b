from app.desk import passwords


def test_a_password_is_known_again_and_another_is_not() -> None:
    kept = passwords.kept("correct horse")
    assert passwords.matches("correct horse", kept)
    assert not passwords.matches("correct horsf", kept)
    assert kept != passwords.kept("correct horse"), "every one has a salt of its own"


def test_nobody_without_a_password_comes_in() -> None:
    assert not passwords.matches("", None)
    assert not passwords.matches("anything", None)


def test_made_passwords_differ_and_are_long_enough() -> None:
    made = {passwords.new_password() for _ in range(50)}
    assert len(made) == 50
    assert all(len(word) >= passwords.LEAST_CHARACTERS for word in made)
