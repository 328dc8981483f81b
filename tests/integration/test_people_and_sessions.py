"""People who sign in, on PostgreSQL: the owner adds them, the console's role lets them in."""

from collections.abc import Callable, Iterator

import psycopg
import pytest
from case_room import CaseRoom, open_room

from app.desk import audit
from app.desk.desk import Deed, write_down
from app.desk.errors import DeskRefused, NotAllowed
from app.desk.people import Person, Role
from app.desk.people_store import PeopleStore, ensure_people
from app.desk.sessions import Sessions, SignInRefused

PASSWORD = "a long password"


@pytest.fixture
def room(conninfo: Callable[[str], str]) -> Iterator[CaseRoom]:
    with open_room(conninfo) as opened:
        yield opened


@pytest.fixture
def store(room: CaseRoom) -> PeopleStore:
    return PeopleStore(room.owner)


@pytest.fixture
def sessions(room: CaseRoom) -> Sessions:
    return Sessions(room.desk)


def test_somebody_signs_in_works_and_signs_out(
    room: CaseRoom, store: PeopleStore, sessions: Sessions
) -> None:
    store.add("eva", name="Eva", role=Role.LEAD, password=PASSWORD)
    token = sessions.sign_in(" Eva ", PASSWORD)
    assert sessions.person(token) == Person(person_id="eva", name="Eva", role=Role.LEAD)
    assert token not in str(room.rows("select * from console_sessions")), "only its hash is kept"
    [eva] = [person for person in store.everybody() if person.person_id == "eva"]
    assert eva.signed_in_at
    assert eva.signs_in == "password"
    sessions.close(token)
    assert sessions.person(token) is None
    assert room.deeds("eva") == ["person.add", "person.sign_in", "person.sign_out"]


def test_wrong_passwords_names_and_people_without_one_are_told_the_same(
    store: PeopleStore, sessions: Sessions
) -> None:
    store.add("eva", name="Eva", role=Role.ANALYST, password=PASSWORD)
    for name, password in (("eva", "wrong"), ("nobody", PASSWORD), ("ana", "")):
        with pytest.raises(SignInRefused, match="Name or password is wrong"):
            sessions.sign_in(name, password)
    for _ in range(4):
        with pytest.raises(SignInRefused, match="is wrong"):
            sessions.sign_in("eva", "guessed")
    with pytest.raises(SignInRefused, match="5 wrong passwords"):
        sessions.sign_in("eva", PASSWORD)


def test_a_session_ends_with_its_time_its_password_and_its_person(
    room: CaseRoom, store: PeopleStore, sessions: Sessions
) -> None:
    store.add("eva", name="Eva", role=Role.ANALYST, password=PASSWORD)
    old = sessions.sign_in("eva", PASSWORD)
    room.owner.execute("update console_sessions set expires_at = clock_timestamp()")
    assert sessions.person(old) is None
    token = sessions.sign_in("eva", PASSWORD)
    assert room.rows("select count(*) from console_sessions") == [(1,)], "ended ones are forgotten"
    store.set_role("eva", Role.ADMIN)
    found = sessions.person(token)
    assert found
    assert found.role is Role.ADMIN
    store.set_password("eva", "another password")
    assert sessions.person(token) is None
    token = sessions.sign_in("eva", "another password")
    store.disable("eva")
    assert sessions.person(token) is None
    with pytest.raises(SignInRefused):
        sessions.sign_in("eva", "another password")
    with pytest.raises(NotAllowed):
        sessions.open("eva", how="openid")


def test_an_email_names_a_person(store: PeopleStore, sessions: Sessions) -> None:
    store.add("eva", name="Eva", role=Role.ANALYST, email="Eva@Example.org")
    found = sessions.person_of_email("eva@EXAMPLE.org")
    assert found
    assert found.person_id == "eva"
    assert sessions.person_of_email("ben@example.org") is None
    with pytest.raises(DeskRefused, match="Somebody else has the email"):
        store.add("ewa", name="Ewa", role=Role.ANALYST, email="eva@example.org")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"person_id": "ana"}, "ana is there already"),
        ({"person_id": "Eva!"}, "cannot be used"),
        ({"name": ""}, "1 to 80 characters"),
        ({"email": "no address"}, "is no email address"),
        ({"password": "short"}, "10 characters at least"),
    ],
)
def test_people_who_cannot_be_added(store: PeopleStore, given: dict[str, str], told: str) -> None:
    asked = {"person_id": "eva", "name": "Eva", **given}
    with pytest.raises(DeskRefused, match=told):
        store.add(asked.pop("person_id"), role=Role.ANALYST, **asked)  # type: ignore[arg-type]


def test_nobody_is_changed_who_is_not_there(store: PeopleStore) -> None:
    with pytest.raises(DeskRefused, match="There is no eva"):
        store.set_role("eva", Role.LEAD)


def test_a_local_stack_gets_its_people_once(room: CaseRoom, sessions: Sessions) -> None:
    ensure_people(room.owner, {"ana": Role.ADMIN, "zoe": Role.LEAD}, PASSWORD)
    ensure_people(room.owner, {"ana": Role.ADMIN, "zoe": Role.LEAD}, "another password")
    found = sessions.person(sessions.sign_in("zoe", PASSWORD))
    assert found == Person(person_id="zoe", name="Zoe", role=Role.LEAD)
    assert room.rows("select role from people where person_id = 'ana'") == [("analyst",)]


def test_the_console_may_not_make_itself_an_admin(conninfo: Callable[[str], str]) -> None:
    with (
        psycopg.connect(conninfo("faregate_console"), autocommit=True) as console,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        PeopleStore(console).set_role("ana", Role.ADMIN)


def test_the_trail_is_read_by_person_action_subject_and_page(room: CaseRoom) -> None:
    with room.desk.writing("lea") as (connection, lea):
        for number in range(5):
            write_down(connection, lea, Deed(action="rule.add", subject=f"rule_{number}"))
    with room.desk.writing("ana") as (connection, ana):
        write_down(connection, ana, Deed(action="case.claim", subject="dec_a", details={"why": "mine"}))
    with room.desk.reading() as connection:
        page = audit.newest(connection, most=2)
        assert [told.subject for told in page] == ["dec_a", "rule_4"]
        rest = audit.newest(connection, before_id=page[-1].audit_id)
        assert [told.subject for told in rest] == ["rule_3", "rule_2", "rule_1", "rule_0"]
        assert len(audit.newest(connection, person_id="lea")) == 5
        [claimed] = audit.newest(connection, action="case.claim")
        assert audit.told_of(connection, "dec_a") == [claimed]
        assert (claimed.role, claimed.details) == ("analyst", {"why": "mine"})
        assert audit.newest(connection, person_id="lea", action="case.claim") == []
