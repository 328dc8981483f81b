"""Every error of ours has one root; what may be tried again is a type."""


class FaregateError(Exception):
    """Something went wrong; the message says what, where, and what to do next."""


class Retryable(FaregateError):
    """The same call may succeed later."""


class EventRefused(FaregateError):
    """A message that cannot be read as one of our events."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class ModelRefused(FaregateError):
    """A model folder whose signature, hash or answers are not what the code expects."""


class SettingMissing(FaregateError):
    """An environment variable that a process needs is absent."""

    def __init__(self, name: str, meaning: str) -> None:
        super().__init__(f"{name} is not set: it says {meaning}. `faregate up` sets it for you.")
