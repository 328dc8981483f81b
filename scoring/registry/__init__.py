"""The registry of models in PostgreSQL: every artefact, where it stands, who moved it there and why."""

from scoring.registry.errors import ModelUnknown, MoveRefused, PromotionRefused
from scoring.registry.model import Move, Promotion, RegisteredModel
from scoring.registry.registry import Registry

__all__ = [
    "ModelUnknown",
    "Move",
    "MoveRefused",
    "Promotion",
    "PromotionRefused",
    "RegisteredModel",
    "Registry",
]
