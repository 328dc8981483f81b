"""Riders and what they used, as a graph: rings are its connected parts.

Only what connects is in it: cards and devices of two riders or more that are no hubs, and their riders.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import networkx as nx
from msgspec import Struct

from domain.links import Entity, Link
from domain.ring import HUB_OVER, Ring, connects, joined_at_ms, ring_made_of

Node = Entity | str  # a rider is a string


class Times(NamedTuple):
    at_ms: int
    known_at_ms: int


class News(NamedTuple):
    """What is known of a link now, whose rings may be others now, and the newest record time behind it."""

    times: Times
    riders: set[str]
    known_at_ms: int


class Part(Struct, frozen=True, kw_only=True):
    """Riders who are connected, with the ring that they make and since when each of them belongs to it."""

    ring: Ring
    joined_at_ms: dict[str, int]


class LinkGraph:
    def __init__(self) -> None:
        self._connecting: nx.Graph = nx.Graph()
        self._riders: dict[Entity, dict[str, Times]] = {}
        self._first_ms: dict[str, int] = {}
        self.links = 0

    def add(self, link: Link, told: Times) -> News | None:
        """None when nothing about the link is new."""
        riders = self._riders.setdefault(link.entity, {})
        before = riders.get(link.user_id)
        if before is not None and before.at_ms <= told.at_ms:
            return None
        times = told if before is None else Times(told.at_ms, min(before.known_at_ms, told.known_at_ms))
        riders[link.user_id] = times
        self._first_ms[link.user_id] = min(times.at_ms, self._first_ms.get(link.user_id, times.at_ms))
        cut_off: set[str] = set()
        if before is None:
            self.links += 1
            cut_off = self._connect(link, riders)
        beside = {link.user_id, *(riders if len(riders) <= HUB_OVER + 1 else ())}
        known_at_ms = max(told.known_at_ms, *(riders[rider].known_at_ms for rider in beside))
        return News(times, beside | cut_off, known_at_ms)

    def _connect(self, link: Link, riders: Iterable[str]) -> set[str]:
        """Those who are no longer connected by the card or device, because it has become a hub."""
        graph, many = self._connecting, len(self._riders[link.entity])
        if connects(many):
            newly = [link.user_id] if connects(many - 1) else riders
            graph.add_edges_from((link.entity, rider) for rider in newly)
        elif link.entity in graph:
            part = {node for node in nx.node_connected_component(graph, link.entity) if isinstance(node, str)}
            alone = [rider for rider in graph[link.entity] if graph.degree[rider] == 1]
            graph.remove_nodes_from([link.entity, *alone])
            return part
        return set()

    def parts(self, riders: Iterable[str]) -> Iterator[Part]:
        """Each connected part that any of the riders is in, once."""
        left = set(riders)
        while left:
            part = self._described(left.pop())
            left -= part.joined_at_ms.keys()
            yield part

    def _described(self, rider: str) -> Part:
        if rider not in self._connecting:
            return Part(ring=Ring(), joined_at_ms={rider: self._first_ms[rider]})
        nodes = nx.node_connected_component(self._connecting, rider)
        shared = {
            entity: {user: times.at_ms for user, times in self._riders[entity].items()}
            for entity in nodes
            if not isinstance(entity, str)
        }
        return Part(ring=ring_made_of(shared), joined_at_ms=joined_at_ms(shared))
