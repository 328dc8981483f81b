"""Which events reach a user's profile."""

from domain.events import AccountCreated, Event, ProfileChanged


def profile_of(event: Event) -> str | None:
    match event:
        case AccountCreated() | ProfileChanged():
            return event.user_id
        case _:
            return None
