"""Decisions as the API would keep them, in a few hundred kinds; the copies differ by ids and times."""

import math
from array import array
from collections.abc import Iterator
from hashlib import sha256
from itertools import cycle, islice
from random import Random

from msgspec import Struct

from app.assessment import shown_score
from app.ledger_row import Row, row_of
from app.ports import Decision, Evidence, StoredFeatures
from app.replies import Reply, Versions, encode_reply
from app.requests import Place, TransactionRequest
from data_generator.city import ZONES, Zone, distance_km, spot_in
from domain.catalogue import FEATURES, Unit
from domain.decision import Rung, Verdict
from domain.events import from_ms
from domain.history import History
from domain.money import SETTLEMENT_CURRENCY
from domain.reasons import top_reasons
from domain.vector import as_attempt

MODEL = "mdl_bench"
AT_MS = 1_000_000_000_000
CHANCES = {
    Verdict.APPROVE: (0.0005, 0.03),
    Verdict.REVIEW: (0.08, 0.4),
    Verdict.CHALLENGE: (0.4, 0.7),
    Verdict.DECLINE: (0.7, 0.99),
}
TYPICAL: dict[Unit, float] = {
    "count": 3, "money": 2_400, "seconds": 90_000, "days": 300, "flag": 0.5, "ratio": 1.1, "km/h": 30,
    "metres": 6_000, "hour": 12, "stars": 4.7,
}  # fmt: skip


class Marks(Struct, frozen=True, kw_only=True):
    """What stands in a sample where each copy has its own."""

    decision_id: str = "dec_" + "q" * 28
    transaction_id: str = "txn_benchmarksample"
    user_id: str = "usr_benchmarksample"
    card_id: str = "card_benchmarksample"
    device_id: str = "dev_benchmarksample"
    ride_id: str = "ride_benchmarksample"


MARKS = Marks()


def samples(verdicts: tuple[Verdict, ...], number: int, seed: int) -> list[Row]:
    """Rows of the ledger, the verdicts in turn."""
    return [row_of(decision) for decision in islice(_decisions(verdicts, Random(seed)), number)]


def _decisions(verdicts: tuple[Verdict, ...], rng: Random) -> Iterator[Decision]:
    for verdict in cycle(verdicts):
        low, high = CHANCES[verdict]
        yield _decision(verdict, math.exp(rng.uniform(math.log(low), math.log(high))), rng)


def _decision(verdict: Verdict, chance: float, rng: Random) -> Decision:
    request = _request(rng)
    transaction = request.transaction()
    values = [TYPICAL[feature.unit] * rng.lognormvariate(0, 0.7) for feature in FEATURES]
    pushes = [rng.gauss(0, 1) for _ in FEATURES]
    normals = {"amount": TYPICAL["money"]}
    rung = Rung.R1 if rng.random() < 0.02 else Rung.R0
    reply = Reply(
        decision_id=MARKS.decision_id,
        transaction_id=MARKS.transaction_id,
        verdict=verdict,
        score=shown_score(chance),
        probability=chance,
        rung=rung,
        rung_reason="features_ageing" if rung is Rung.R1 else None,
        feature_age_ms=rng.randrange(100, 1_900),
        reasons=top_reasons(values, pushes, normals, SETTLEMENT_CURRENCY),
        versions=Versions(model=MODEL, rules=1, lists=0, policy="pol_bench"),
        decided_at=from_ms(AT_MS),
    )
    return Decision(
        tenant="local",
        idempotency_key=MARKS.transaction_id,
        fingerprint=sha256(request.canonical()).digest(),
        transaction=transaction,
        as_of_ms=AT_MS,
        model_version=MODEL,
        scorer_kind="compiled",
        rulebook_version=1,
        lists_version=0,
        policy_version="pol_bench",
        evidence=Evidence(normals=normals),
        features=StoredFeatures(card=History(epoch=1, version=7), user=History(epoch=1, version=9)),
        pulse=None,
        vector=array("f", values).tobytes(),
        request=request.canonical(),
        reply=encode_reply(reply),
        latency_us=rng.randrange(1_500, 9_000),
        event=as_attempt(transaction, AT_MS),
        rules=(),
        **{name: getattr(reply, name) for name in _OF_THE_REPLY},
    )


_OF_THE_REPLY = (
    "decision_id", "decided_at", "verdict", "score", "probability", "rung", "rung_reason", "feature_age_ms",
    "reasons",
)  # fmt: skip


def _request(rng: Random) -> TransactionRequest:
    pickup, dropoff = rng.choice(ZONES), rng.choice(ZONES)
    return TransactionRequest(
        transaction_id=MARKS.transaction_id,
        ride_id=MARKS.ride_id,
        user_id=MARKS.user_id,
        card_id=MARKS.card_id,
        device_id=MARKS.device_id,
        driver_id=f"drv_{'abcdefgh'[rng.randrange(8)]}",
        amount_minor=round(rng.lognormvariate(7.6, 0.6)),
        currency=SETTLEMENT_CURRENCY,
        pickup=_place(pickup, rng),
        dropoff=_place(dropoff, rng),
        distance_m=max(500, round(1_000 * distance_km(pickup, dropoff))),
        requested_at=from_ms(AT_MS),
    )


def _place(zone: Zone, rng: Random) -> Place:
    lat, lon = spot_in(zone, rng)
    return Place(zone=zone.zone_id, lat=lat, lon=lon)
