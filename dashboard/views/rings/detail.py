"""One ring: how its riders are connected, and what each of them did."""

from collections import Counter
from collections.abc import Sequence
from html import escape

from dashboard import addresses, markup
from dashboard.linked_graph.layout import Kind, Layout, Link, Node, layout
from dashboard.linked_graph.svg import short, svg
from dashboard.markup import head
from dashboard.money_tiles import Tile
from dashboard.views.rings.readings import Member, Ring, Use
from dashboard.views.rings.table import day, many, money, number
from dashboard.wording import OUTCOMES
from domain.decision import Outcome
from domain.display import timestamp
from domain.events import to_ms
from domain.labels import Label
from domain.money import format_money

MOST_DRAWN = 14
CARDS, RIDERS, DEVICES = 0, 1, 2
LABELS = {Label.FRAUD: "said to be fraud", Label.GOOD: "said to be good", Label.UNKNOWN: "nobody can tell"}


def tiles(ring: Ring) -> list[Tile]:
    members = ring.members
    shared = Counter(kind for kind, _ in {(use.kind, use.entity_id) for use in ring.uses})
    lost = sum(member.charged_back_minor for member in members)
    known = sum(member.frauds > 0 for member in members)
    return [
        Tile(name="Riders", value=str(len(members)), note=f"since {day(min(m.joined_at for m in members))}"),
        Tile(
            name="Shared", value=f"{shared['card'] + shared['device']}",
            note=f"{many(shared['card'], 'card')}, {many(shared['device'], 'device')}",
        ),
        Tile(
            name="Paid in 30 days", value=format_money(sum(m.paid_minor for m in members)),
            note=f"stopped {format_money(sum(m.stopped_minor for m in members))}",
        ),
        Tile(name="Charged back", value=format_money(lost), note="in 30 days", is_loss=lost > 0),
        Tile(
            name="Known frauds", value=f"{known} of {len(members)}",
            note=f"open: {many(sum(m.open_cases for m in members), 'case')}",
        ),
    ]  # fmt: skip


def drawing(ring: Ring) -> str:
    """As SVG: shared cards to the left of the riders, shared devices to their right."""
    return svg(_laid_out(ring), title="Riders of the ring and what they share")


def members_html(ring: Ring) -> str:
    names = head(
        "Rider", "Shares since", "#Payments", "#Paid", "#Stopped", "#Charged back", "#Frauds", "#Open cases",
        "Last payment", "", "#Amount", "Since then",
    )  # fmt: skip
    body = "".join(map(_member, ring.members))
    table = f"<table class='fg-table fg-dense'>{names}<tbody>{body}</tbody></table>"
    return f"<div class='fg-scroll fg-members'>{table}</div>"


def _laid_out(ring: Ring) -> Layout:
    shown = [member.user_id for member in ring.members[:MOST_DRAWN]]
    nodes = [_rider(member) for member in ring.members[:MOST_DRAWN]]
    left = len(ring.members) - len(shown)
    if left > 0:
        nodes.append(Node(node_id="more", kind="more", column=RIDERS, label=f"{left} more"))
    uses = [use for use in ring.uses if use.user_id in shown]
    users = Counter((use.kind, use.entity_id) for use in ring.uses)
    drawn = sorted({(use.kind, use.entity_id) for use in uses}, key=lambda each: (-users[each], each))
    kept = {each for kind in ("card", "device") for each in [e for e in drawn if e[0] == kind][:MOST_DRAWN]}
    nodes += [_entity(each, users[each]) for each in drawn if each in kept]
    edges = [_edge(use) for use in uses if (use.kind, use.entity_id) in kept]
    return layout(nodes, edges, node_width=106, gap=34)


def _rider(member: Member) -> Node:
    marks = ("charged-back",) if member.charged_back_minor else ("known",) if member.frauds else ()
    said = f"{member.frauds} frauds" if member.frauds else "no known fraud"
    return Node(
        node_id=member.user_id,
        kind="user",
        column=RIDERS,
        label=short(member.user_id),
        tip=f"{member.user_id}: {said}, {member.open_cases} open cases",
        marks=marks,
    )


def _entity(entity: tuple[str, str], users: int) -> Node:
    kind, entity_id = entity
    shape: Kind = "card" if kind == "card" else "device"
    return Node(
        node_id=f"{kind}:{entity_id}",
        kind=shape,
        column=CARDS if kind == "card" else DEVICES,
        label=short(entity_id),
        tip=f"{entity_id}: {users} riders",
        marks=("own",),
    )


def _edge(use: Use) -> Link:
    return Link(a=f"{use.kind}:{use.entity_id}", b=use.user_id)


def _member(member: Member) -> str:
    cells = (
        f"<td title='{escape(member.user_id, quote=True)}'>{escape(short(member.user_id))}</td>",
        f"<td class='fg-soft'>{day(member.joined_at)}</td>",
        f"<td class='fg-number'>{number(member.payments)}</td>",
        f"<td class='fg-number'>{money(member.paid_minor)}</td>",
        f"<td class='fg-number'>{money(member.stopped_minor)}</td>",
        f"<td class='fg-number{' fg-loss' if member.charged_back_minor else ''}'>"
        f"{money(member.charged_back_minor)}</td>",
        f"<td class='fg-number'>{number(member.frauds)}</td>",
        f"<td class='fg-number'>{number(member.open_cases)}</td>",
        *_last(member),
    )
    return f"<tr>{''.join(cells)}</tr>"


def _last(member: Member) -> Sequence[str]:
    if member.last_decision_id is None or member.last_decided_at is None or member.last_verdict is None:
        return ("<td class='fg-soft' colspan='4'>none in 30 days</td>",)
    amount = format_money(member.last_amount_minor or 0, member.last_currency or "USD")
    since = [OUTCOMES[member.last_outcome]] if member.last_outcome else []
    since += [LABELS[member.last_label]] if member.last_label else []
    at = timestamp(to_ms(member.last_decided_at))[5:16]
    lost = " fg-loss" if member.last_outcome is Outcome.CHARGEBACK else ""
    return (
        f"<td>{addresses.to_case(member.last_decision_id, at)}</td>",
        f"<td>{markup.verdict(member.last_verdict)}</td>",
        f"<td class='fg-number{lost}'>{escape(amount)}</td>",
        f"<td class='fg-soft fg-since'>{escape(', '.join(since))}</td>",
    )
