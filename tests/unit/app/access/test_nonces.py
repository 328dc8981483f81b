import sqlite3
from pathlib import Path

import pytest

from app.access.nonces import FORGET_EVERY, Nonces, NoncesUnavailable


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "nonces.sqlite"


def take(nonces: Nonces, nonce: str, *, key: str = "key_a", now_s: float = 0.0) -> bool:
    return nonces.take(key, nonce, now_s=now_s, until_s=now_s + 300)


def test_each_nonce_is_taken_once(path: Path) -> None:
    nonces = Nonces(path)
    assert [take(nonces, nonce) for nonce in ("a", "b", "a")] == [True, True, False]


def test_keys_do_not_take_each_others(path: Path) -> None:
    nonces = Nonces(path)
    assert take(nonces, "a", key="key_a")
    assert take(nonces, "a", key="key_b")


def test_all_processes_of_a_host_see_what_one_took(path: Path) -> None:
    first, second = Nonces(path), Nonces(path)
    assert take(first, "a")
    assert not take(second, "a")


def test_what_expired_is_forgotten(path: Path) -> None:
    nonces = Nonces(path)
    for number in range(FORGET_EVERY):
        take(nonces, str(number))
    for number in range(2 * FORGET_EVERY):
        take(nonces, f"later-{number}", now_s=301.0)
    with sqlite3.connect(path) as db:
        [held] = db.execute("select count(*) from nonces").fetchone()
    db.close()
    assert held == 2 * FORGET_EVERY


def test_the_store_is_bounded(path: Path) -> None:
    nonces = Nonces(path, most=FORGET_EVERY)
    for number in range(2 * FORGET_EVERY):
        assert take(nonces, str(number))
    with pytest.raises(NoncesUnavailable, match="in use"):
        take(nonces, "one more")


def test_a_store_that_is_held_by_another_is_not_waited_for(path: Path) -> None:
    nonces = Nonces(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("begin exclusive")
    with pytest.raises(NoncesUnavailable):
        take(nonces, "a")
    other.execute("rollback")
    other.close()
    assert take(nonces, "a")


def test_a_file_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    with pytest.raises(NoncesUnavailable, match="none"):
        Nonces(tmp_path / "none" / "nonces.sqlite")
