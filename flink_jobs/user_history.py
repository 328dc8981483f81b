"""Which events reach a user's history."""

from domain.events import Event
from domain.history import folds


def user_of(event: Event) -> str | None:
    return getattr(event, "user_id", None) if folds(event) else None
