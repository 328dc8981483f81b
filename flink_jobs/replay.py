"""The same fold and the same vector over events of the past, without a stream: how training sets are made."""

from array import array
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple, Protocol, cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from domain.catalogue import FEATURE_NAMES
from domain.events import AccountCreated, Event, PaymentDecided, ProfileChanged, event_time_ms
from domain.fold import fold
from domain.history import History, HistoryKind
from domain.links import links_of
from domain.platform import pulse_of
from domain.profile import Profile, fold_profile
from domain.ring import Links, ring_of
from domain.transaction import Transaction
from domain.vector import observe, vector
from flink_jobs.routing import targets

PROGRESS_EVERY = 2_000
KEY_COLUMNS = {
    "transaction_id": pa.string(),
    "as_of_ms": pa.int64(),
    "amount_minor": pa.int64(),
    "label": pa.int8(),
    "user_id": pa.string(),
    "card_id": pa.string(),
    "kind": pa.string(),
}


class PastEvent(Protocol):
    """An event with the truth about it: the name of the fraud behind a payment, or None."""

    @property
    def event(self) -> Event: ...
    @property
    def fraud(self) -> str | None: ...


class Seen(NamedTuple):
    """One past payment as the model would have seen it."""

    transaction: Transaction
    as_of_ms: int
    vector: "array[float]"


class Replay:
    """Histories of every entity, folded event by event in the order given.

    One place folds everything here, so the platform is a history of its own: the sum of all zones. Links are
    known as soon as they are told.
    """

    def __init__(self) -> None:
        self._histories: dict[tuple[str, str], History] = {}
        self._profiles: dict[str, Profile] = {}
        self._platform: History | None = None
        self._links = Links()

    def take(self, event: Event, known_at_ms: int) -> Seen | None:
        """Folds one event; a payment is first seen with the histories known before it."""
        seen = self._see(event) if isinstance(event, PaymentDecided) else None
        for kind, entity in targets(event):
            if kind == "profile":
                change = cast("AccountCreated | ProfileChanged", event)
                self._profiles[entity] = fold_profile(self._profiles.get(entity), change, known_at_ms)
            else:
                before = self._histories.get((kind, entity))
                after = fold(cast("HistoryKind", kind), before, event, known_at_ms)
                self._histories[kind, entity] = after
                if kind == "zone" and after is not before:
                    self._platform = fold("zone", self._platform, event, known_at_ms)
        for link in links_of(event):
            self._links.add(link, event_time_ms(event))
        return seen

    def _see(self, payment: PaymentDecided) -> Seen:
        transaction, as_of_ms = transaction_of(payment), event_time_ms(payment)
        moment = observe(
            card=self._histories.get(("card", payment.card_id)),
            user=self._histories.get(("user", payment.user_id)),
            device=self._histories.get(("device", payment.device_id)),
            zone=self._histories.get(("zone", payment.pickup_zone)),
            pulse=pulse_of([self._platform], as_of_ms) if self._platform else None,
            profile=self._profiles.get(payment.user_id),
            ring=ring_of(payment.user_id, self._links),
            transaction=transaction,
            as_of_ms=as_of_ms,
        )
        return Seen(transaction, as_of_ms, vector(moment))


def transaction_of(payment: PaymentDecided) -> Transaction:
    """The transaction as it was when its verdict was asked for."""
    same = (name for name in Transaction.__struct_fields__ if name != "requested_at_ms")
    values = {name: getattr(payment, name) for name in same}
    return Transaction(**values, requested_at_ms=event_time_ms(payment))


def build_training_set(
    events: Iterable[PastEvent], out: Path, *, on_progress: Callable[[int], None] | None = None
) -> int:
    """Replays `events`, which must be in order of event time, and writes one Parquet row a payment.

    Columns: the features of the catalogue (float32), transaction_id, as_of_ms, amount_minor, label (1 is
    fraud), user_id, card_id and kind (the fraud's name, empty for an honest payment). Returns the number of
    rows.
    """
    replay, vectors = Replay(), array("f")
    keys: list[tuple[object, ...]] = []
    for past in events:
        seen = replay.take(past.event, event_time_ms(past.event))
        if seen is None:
            continue
        vectors.extend(seen.vector)
        keys.append(_key(seen, past.fraud))
        if on_progress and len(keys) % PROGRESS_EVERY == 0:
            on_progress(len(keys))
    rows = np.frombuffer(vectors, dtype=np.float32).reshape(len(keys), len(FEATURE_NAMES))
    columns: dict[str, pa.Array] = {name: pa.array(rows[:, i]) for i, name in enumerate(FEATURE_NAMES)}
    for i, (name, type_) in enumerate(KEY_COLUMNS.items()):
        columns[name] = pa.array([key[i] for key in keys], type_)
    out.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), out)
    return len(keys)


def _key(seen: Seen, fraud: str | None) -> tuple[object, ...]:
    paid = seen.transaction
    label = int(fraud is not None)
    return (
        paid.transaction_id,
        seen.as_of_ms,
        paid.amount_minor,
        label,
        paid.user_id,
        paid.card_id,
        fraud or "",
    )
