"""What the builder of rings keeps, in memory: as PostgreSQL keeps it, with the messages that went out."""

from msgspec import structs

from domain.links import Link
from domain.ring import Ring
from feature_repo.rings.values import Change, Known, KnownLink, Member, Reached, RebuiltMeanwhile


class MemoryRings:
    def __init__(self) -> None:
        self.sent: list[Member] = []
        self.newest: dict[str, Ring] = {}  # as the online store would hold them
        self.epoch = 1
        self.fails = False
        self._links: dict[Link, KnownLink] = {}
        self._members: dict[str, Member] = {}
        self._reached: dict[int, Reached] = {}

    def load(self) -> Known:
        return Known(
            epoch=self.epoch,
            links=tuple(self._links.values()),
            members=tuple(map(_without_positions, self._members.values())),
            reached=dict(self._reached),
        )

    def keep(self, change: Change) -> None:
        if self.fails:
            raise OSError("the store is away")
        if change.epoch != self.epoch:
            raise RebuiltMeanwhile(f"epoch {change.epoch} is over")
        for known in change.links:
            before = self._links.get(known.link, known)
            self._links[known.link] = structs.replace(known, source=before.source, offset=before.offset)
        self._members.update((member.user_id, member) for member in change.members)
        self._reached.update(change.reached)
        self.sent += change.members
        self.newest.update((member.user_id, member.ring) for member in change.members)

    def begin_anew(self) -> int:
        self._links, self._members, self._reached = {}, {}, {}
        self.epoch += 1
        return self.epoch


def _without_positions(member: Member) -> Member:
    return structs.replace(member, ring=structs.replace(member.ring, positions=[]))
