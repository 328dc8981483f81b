"""Which events reach a user's profile."""

from domain.events import AccountCreated, ProfileChanged

NAMED_BY = "user_id"
EVENTS = (AccountCreated, ProfileChanged)
