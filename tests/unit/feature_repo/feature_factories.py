"""Messages of the features topics, from defaults."""

from typing import Any

from domain.display import MINUTE_MS
from domain.feature_message import HistoryMessage
from domain.history import History, encode_history

NOON_MS = 1_790_000_040_000 // MINUTE_MS * MINUTE_MS


def history_message(entity_id: str = "card_a", version: int = 1, **given: Any) -> HistoryMessage:
    epoch, known_at_ms = given.pop("epoch", 1), given.pop("known_at_ms", NOON_MS)
    history = History(epoch=epoch, version=version, known_at_ms=known_at_ms, **given.pop("fields", {}))
    return HistoryMessage(
        kind=given.pop("kind", "card"),
        entity_id=entity_id,
        epoch=epoch,
        version=version,
        known_at_ms=known_at_ms,
        payload=given.pop("payload", encode_history(history)),
    )
