"""The rider, their cards and devices, and who else uses those: two steps, drawn as a graph."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from msgspec import Struct

from dashboard.linked_graph.layout import Link, Node, layout
from dashboard.linked_graph.svg import short, svg
from dashboard.views.case.readings import LinkRow, Marked, PaymentRow, Subject
from domain.ring import HUB_OVER

MOST_ENTITIES, MOST_RIDERS = 8, 10
ALONE = "Nobody else used these cards and devices."
RIDER, ENTITY, OTHERS = 0, 1, 2

Entity = tuple[str, str]  # kind and id


class Use(Struct, frozen=True, kw_only=True):
    """A rider used a card or a device."""

    kind: str
    entity_id: str
    user_id: str


def uses(links: Sequence[LinkRow], payments: Sequence[PaymentRow], subject: Subject) -> list[Use]:
    """What the stream told and what the payments show, of the cards and devices of this rider."""
    found = {Use(kind=row.kind, entity_id=row.entity_id, user_id=row.user_id) for row in links}
    for row in payments:
        found.add(Use(kind="card", entity_id=row.card_id, user_id=row.user_id))
        found.add(Use(kind="device", entity_id=row.device_id, user_id=row.user_id))
    found.add(Use(kind="card", entity_id=subject.card_id, user_id=subject.user_id))
    found.add(Use(kind="device", entity_id=subject.device_id, user_id=subject.user_id))
    own = {(use.kind, use.entity_id) for use in found if use.user_id == subject.user_id}
    return sorted(
        (use for use in found if (use.kind, use.entity_id) in own),
        key=lambda use: (use.kind, use.entity_id, use.user_id),
    )


def drawing(
    subject: Subject, links: Sequence[LinkRow], payments: Sequence[PaymentRow], marked: Iterable[Marked]
) -> str:
    """As SVG."""
    riders = _riders(uses(links, payments, subject))
    entities = _chosen(riders, subject)
    marks = {each.user_id: each for each in marked}
    nodes = [_rider(subject.user_id, RIDER, marks, subject)]
    edges: list[Link] = []
    others: dict[str, None] = {}
    for entity in entities:
        users = riders[entity]
        is_hub = len(users) > HUB_OVER
        nodes.append(_entity(entity, len(users), subject, is_hub=is_hub))
        edges.append(Link(a=subject.user_id, b=_id(entity), strong=_is_own(entity, subject)))
        for user_id in users if not is_hub else ():
            if user_id != subject.user_id:
                others.setdefault(user_id)
                edges.append(Link(a=_id(entity), b=user_id, strong=_is_own(entity, subject)))
    nodes += _others(list(others), marks, subject)
    return svg(layout(nodes, edges), title="Rider, cards, devices and other riders")


def others_of(subject: Subject, links: Sequence[LinkRow], payments: Sequence[PaymentRow]) -> set[str]:
    return {use.user_id for use in uses(links, payments, subject)} - {subject.user_id}


def _riders(of: Iterable[Use]) -> dict[Entity, list[str]]:
    found: dict[Entity, list[str]] = defaultdict(list)
    for use in of:
        found[use.kind, use.entity_id].append(use.user_id)
    return found


def _chosen(riders: dict[Entity, list[str]], subject: Subject) -> list[Entity]:
    """Those of this payment first, then those with most riders."""
    ranked = sorted(riders, key=lambda entity: (not _is_own(entity, subject), -len(riders[entity]), entity))
    return ranked[:MOST_ENTITIES]


def _others(user_ids: list[str], marks: dict[str, Marked], subject: Subject) -> list[Node]:
    """Riders with frauds first; those that do not fit are counted."""
    ranked = sorted(user_ids, key=lambda user_id: user_id not in marks)
    shown = [_rider(user_id, OTHERS, marks, subject) for user_id in ranked[:MOST_RIDERS]]
    left = len(ranked) - len(shown)
    if left <= 0:
        return shown
    return [*shown, Node(node_id="more", kind="more", column=OTHERS, label=f"{left} more")]


def _rider(user_id: str, column: int, marks: dict[str, Marked], subject: Subject) -> Node:
    mark = marks.get(user_id)
    styles = ("self",) if user_id == subject.user_id else ()
    if mark is None:
        return Node(
            node_id=user_id, kind="user", column=column, label=short(user_id), tip=user_id, marks=styles
        )
    return Node(
        node_id=user_id,
        kind="user",
        column=column,
        label=short(user_id),
        tip=f"{user_id}: {told(mark)}",
        marks=(*styles, "charged-back" if mark.chargebacks else "known"),
    )


def told(mark: Marked) -> str:
    """ "1 chargeback, 2 payments said to be fraud"."""
    parts = []
    if mark.chargebacks:
        parts.append(f"{mark.chargebacks} chargeback{'' if mark.chargebacks == 1 else 's'}")
    if mark.labelled:
        parts.append(f"{mark.labelled} payment{'' if mark.labelled == 1 else 's'} said to be fraud")
    return ", ".join(parts)


def _entity(entity: Entity, users: int, subject: Subject, *, is_hub: bool) -> Node:
    kind, entity_id = entity
    many = f"more than {HUB_OVER}" if is_hub else str(users)
    tip = f"{entity_id}: {many} rider{'' if users == 1 else 's'}" + (", a hub" if is_hub else "")
    return Node(
        node_id=_id(entity),
        kind="card" if kind == "card" else "device",
        column=ENTITY,
        label=short(entity_id),
        tip=tip,
        marks=(*(("own",) if _is_own(entity, subject) else ()), *(("hub",) if is_hub else ())),
    )


def _is_own(entity: Entity, subject: Subject) -> bool:
    return entity in (("card", subject.card_id), ("device", subject.device_id))


def _id(entity: Entity) -> str:
    return f"{entity[0]}:{entity[1]}"
