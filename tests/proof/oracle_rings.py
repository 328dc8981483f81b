"""Rings, by brute force over a list of events: everybody's things, and whoever is reached by sharing them."""

from collections.abc import Iterable

from domain.events import AccountCreated, CardAdded, DeviceLogin, Event, PaymentDecided

HUB_OVER, COUNTED_TO = 8, 50
Things = dict[tuple[str, str], set[str]]  # cards and devices, each with its riders


def things_in(events: Iterable[Event]) -> Things:
    things: Things = {}
    for event in events:
        if isinstance(event, PaymentDecided | CardAdded):
            things.setdefault(("card", event.card_id), set()).add(event.user_id)
        if isinstance(event, PaymentDecided | CardAdded | AccountCreated | DeviceLogin):
            things.setdefault(("device", event.device_id), set()).add(event.user_id)
    return things


def of_the_ring(user_id: str, events: Iterable[Event]) -> dict[str, float]:
    """Nothing for a rider of whom no link was told."""
    things = things_in(events)
    if not any(user_id in riders for riders in things.values()):
        return {}
    connecting = {thing: riders for thing, riders in things.items() if 1 < len(riders) <= HUB_OVER}
    ring, reached = {user_id}, 0
    while reached != len(ring):
        reached = len(ring)
        for riders in connecting.values():
            if riders & ring:
                ring = ring | riders
    shared = [kind for (kind, _), riders in connecting.items() if riders & ring]
    return {
        "ring_size": float(min(len(ring), COUNTED_TO)),
        "ring_shared_cards": float(min(shared.count("card"), COUNTED_TO)),
        "ring_shared_devices": float(min(shared.count("device"), COUNTED_TO)),
    }
