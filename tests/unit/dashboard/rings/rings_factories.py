"""Rings from defaults, and a desk that remembers."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

from app.desk.rings import RingDone, RingWord
from dashboard.views.rings.readings import Member, Ring, RingRow, Use
from dashboard.views.rings.source import Source
from domain.decision import Verdict

NOW = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)


def a_ring_row(**given: Any) -> RingRow:
    defaults: dict[str, Any] = {
        "ring_id": "ring_a", "riders": 4, "shared_cards": 1, "shared_devices": 2,
        "first_at": NOW - timedelta(days=12), "joined_lately": 2, "open_cases": 3, "at_risk_minor": 12_300,
        "paid_minor": 45_600, "stopped_minor": 7_800, "charged_back_minor": 9_100, "known_frauds": 1,
        "joins": (0,) * 11 + (1, 0, 1),
    }  # fmt: skip
    return RingRow(**{**defaults, **given})


def a_member(user_id: str = "usr_a", **given: Any) -> Member:
    defaults: dict[str, Any] = {
        "joined_at": NOW - timedelta(days=3), "payments": 2, "paid_minor": 1_000, "stopped_minor": 500,
        "charged_back_minor": 0, "frauds": 0, "open_cases": 1, "last_decision_id": "dec_a",
        "last_decided_at": NOW - timedelta(hours=1), "last_verdict": Verdict.DECLINE,
        "last_amount_minor": 500, "last_currency": "USD", "last_outcome": None, "last_label": None,
    }  # fmt: skip
    return Member(user_id=user_id, **{**defaults, **given})


def a_ring(*members: Member, **given: Any) -> Ring:
    riders = members or (a_member("usr_a"), a_member("usr_b", frauds=1, charged_back_minor=700))
    uses = [Use(kind="device", entity_id="dev_shared", user_id=member.user_id) for member in riders]
    defaults: dict[str, Any] = {"ring_id": "ring_a", "now": NOW, "members": list(riders), "uses": uses}
    return Ring(**{**defaults, **given})


@dataclass
class FakeRings:
    """Remembers what it was asked for; `refuse` is raised instead while it is set."""

    asked: list[tuple[str, RingWord, list[str], str]] = field(default_factory=list)
    refuse: Exception | None = None

    def decide(
        self, ring_id: str, word: RingWord, *, seen: Collection[str], person_id: str, key: str
    ) -> RingDone:
        if self.refuse:
            raise self.refuse
        self.asked.append((ring_id, word, sorted(seen), person_id))
        assert key
        return RingDone(riders=2, cases=2, left=1, listed=3)


def left(where: str) -> NoReturn:
    raise AssertionError(f"left for {where}")


def a_source(**given: Any) -> Source:
    defaults: dict[str, Any] = {
        "rings": lambda _: [a_ring_row()],
        "ring": {"ring_a": a_ring()}.get,
        "desk": FakeRings(),
        "signed_in": lambda: None,
        "open_case": left,
    }
    return Source(**{**defaults, **given})
