"""One rollback at a time, beside the pages."""

from collections.abc import Iterator
from threading import Event

import pytest
from waiting import eventually

from app.desk.errors import DeskRefused
from dashboard.views.models.rollback import Rollback, Rollbacks
from scoring.registry import Promotion, PromotionRefused


def asked(key: str = "click-1") -> Rollback:
    return Rollback(failed="mdl_b", former="mdl_a", person_id="lea", why="worse", key=key)


@pytest.fixture
def held() -> Iterator[Event]:
    """Until it is set, a rollback goes on."""
    event = Event()
    yield event
    event.set()


def test_a_rollback_runs_beside_the_page(held: Event) -> None:
    done = Promotion(version="mdl_a", former="mdl_b", active_from_ms=0, processes=("one",))

    def run(_: Rollback) -> Promotion:
        held.wait(10)
        return done

    rollbacks = Rollbacks(run)
    assert (rollbacks.running(), rollbacks.newest()) == (None, None)
    rollbacks.start(asked())
    rollbacks.start(asked())  # the same click
    assert rollbacks.running() == asked()
    with pytest.raises(DeskRefused, match="lea rolls back to mdl_a just now"):
        rollbacks.start(asked("click-2"))
    held.set()
    newest = eventually(rollbacks.newest, what="the rollback")
    assert newest.promotion == done


def test_a_refusal_is_kept_as_a_sentence() -> None:
    def run(_: Rollback) -> Promotion:
        raise PromotionRefused("api-1 cannot serve mdl_a: no key.")

    rollbacks = Rollbacks(run)
    rollbacks.start(asked())
    newest = eventually(rollbacks.newest, what="the refusal")
    assert newest.refused == "api-1 cannot serve mdl_a: no key."
    assert rollbacks.running() is None
