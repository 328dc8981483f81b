"""Which events reach a user's history."""

from domain.events import AccountCreated, Event
from domain.history import folds


def user_of(event: Event) -> str | None:
    if isinstance(event, AccountCreated):  # told of in the profile
        return None
    return getattr(event, "user_id", None) if folds(event) else None
