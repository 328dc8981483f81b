"""What the desk refuses; each message is a plain sentence with a way forward."""

from domain.errors import FaregateError, Retryable


class DeskRefused(FaregateError):
    """The deed was not done, and nothing was changed."""


class NotAllowed(DeskRefused):
    """The person's role, as it is now, does not allow it; or the person is not known any more."""


class CaseChanged(DeskRefused):
    """Somebody else was faster: the page is stale."""


class DeskUnavailable(Retryable):
    """The database does not answer; nothing was changed, and the same click may be tried again."""
