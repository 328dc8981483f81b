"""The people page with its sources."""

from msgspec import structs

from app.desk import audit
from app.desk.audit import Told
from app.desk.people_store import Listed, PeopleStore
from dashboard import resources
from dashboard.reading import reading
from dashboard.views.people.page import show
from dashboard.views.people.source import Asked, Source


def page() -> None:
    show(Source(everybody=_everybody, trail=_trail))


def _everybody() -> list[Listed]:
    with reading(resources.read_pool()) as connection:
        return PeopleStore(connection).everybody()


def _trail(asked: Asked) -> list[Told]:
    with reading(resources.read_pool()) as connection:
        return audit.newest(connection, **structs.asdict(asked))
