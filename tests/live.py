"""A small world as the API sees it: the stream tells events, payments are decided, the ledger keeps them."""

from typing import Any, cast

from event_factories import NOW_MS, a_transaction
from memory_rings import MemoryRings
from past import Past, folded, folded_profile

from deploy.parity.decisions import Read, RecordedDecision
from domain.events import Event, PaymentDecided
from domain.history import History, HistoryKind
from domain.platform import pulse_of
from domain.profile import Profile
from domain.raw_record import RawRecord
from domain.ring import Ring
from domain.transaction import Transaction
from domain.vector import as_attempt, observe, vector
from feature_repo.rings.builder import RingBuilder
from flink_jobs.routing import targets

State = History | Profile | Ring


class Live:
    def __init__(self) -> None:
        self.past = Past()
        self.states: dict[tuple[str, str], State] = {}
        self.rings = MemoryRings()
        self._builder = RingBuilder(self.rings.keep, self.rings.load(), lambda: 0.0)
        self._number = 0

    def tell(self, event: Event, *, known_at_ms: int | None = None) -> RawRecord:
        """The stream folds it at once, and its links are built into rings."""
        record = self.past.tell(event, known_at_ms=known_at_ms)
        self.fold(event, record)
        self._builder.take([record])
        return record

    def fold(self, event: Event, record: RawRecord) -> None:
        for kind, name in targets(event):
            before: Any = self.states.get((kind, name))
            if kind == "profile":
                self.states[kind, name] = folded_profile(before, event, record)
            else:
                self.states[kind, name] = folded(cast("HistoryKind", kind), before, event, record)

    def zones(self) -> dict[str, History]:
        return {name: cast("History", state) for (kind, name), state in self.states.items() if kind == "zone"}

    def decide(
        self, *, at_ms: int = NOW_MS, in_flight: tuple[PaymentDecided, ...] = (), **given: Any
    ) -> RecordedDecision:
        """A transaction decided on what the stream has told so far; the stream is not told of it."""
        self._number += 1
        transaction = a_transaction(at_ms=at_ms, **given)
        states = self._read(transaction)
        zones = self.zones()
        moment = observe(
            **cast("dict[str, Any]", states),
            pulse=pulse_of(zones.values(), at_ms) if zones else None,
            in_flight=in_flight,
            transaction=transaction,
            as_of_ms=at_ms,
        )
        return RecordedDecision(
            decision_id=f"dec_{'x' * self._number}",
            transaction=transaction,
            as_of_ms=at_ms,
            vector=vector(moment).tobytes(),
            reads={kind: read(state) for kind, state in states.items()},
            pulse_id=f"pulse_{'x' * self._number}" if zones else None,
            pulse={zone: read(history) for zone, history in zones.items()} if zones else None,
            in_flight=in_flight,
        )

    def _read(self, transaction: Transaction) -> dict[str, State]:
        names = {
            "card": transaction.card_id,
            "user": transaction.user_id,
            "device": transaction.device_id,
            "zone": transaction.pickup_zone,
            "profile": transaction.user_id,
        }
        ring = self.rings.newest.get(transaction.user_id)
        known = {kind: state for kind, name in names.items() if (state := self.states.get((kind, name)))}
        return {**known, **({"ring": ring} if ring else {})}


def read(state: State) -> Read:
    return Read(epoch=state.epoch, version=state.version, positions=state.positions)


def in_flight(decision: RecordedDecision) -> PaymentDecided:
    """The decision's payment before its verdict is known."""
    return as_attempt(decision.transaction, decision.as_of_ms)
