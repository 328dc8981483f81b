"""What the registry refuses."""

from domain.errors import FaregateError


class ModelUnknown(FaregateError):
    """No model, or more than one, has this version."""


class MoveRefused(FaregateError):
    """A model may not go from where it stands to where it was to go."""


class PromotionRefused(MoveRefused):
    """A process of the API cannot serve the model, or did not say in time that it can."""
