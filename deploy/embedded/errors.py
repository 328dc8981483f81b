"""What can go wrong while the local stack starts; each message says what, where and what to do next."""

from domain.errors import FaregateError


class StackError(FaregateError):
    """The local stack cannot start or went wrong; the message is for people."""


class StrangerOnPort(StackError):
    """Something that is not ours answers on one of our ports."""


class NotReady(StackError):
    """A part of the stack did not become ready in time or ended while starting."""
