"""What analysts are told when a rule or a list entry cannot be taken."""

from domain.errors import FaregateError


class RuleRefused(FaregateError):
    """A rule that cannot be kept or put in force."""


class ListRefused(FaregateError):
    """A list entry that cannot be kept, or is not there."""
