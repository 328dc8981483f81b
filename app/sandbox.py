"""Published test tokens, for test keys: cards force a verdict, riders a rung or a problem."""

from msgspec import Struct

from app import ladder
from app.problems import IN_FLIGHT, TEST_TOKEN, UNAVAILABLE, Problem, RequestRefused
from domain.decision import Rung, Verdict
from domain.transaction import Transaction


class Forced(Struct, frozen=True, kw_only=True):
    """What test tokens force; all else of the decision is made as ever."""

    verdict: Verdict | None = None
    rung: Rung | None = None
    rung_reason: str | None = None
    problem: Problem | None = None


CARDS = {f"card_test{verdict}": Forced(verdict=verdict) for verdict in Verdict}
RIDERS = {
    "usr_testr0": Forced(rung=Rung.R0),
    "usr_testr1": Forced(rung=Rung.R1, rung_reason=ladder.FEATURES_AGEING),
    "usr_testr2stale": Forced(rung=Rung.R2, rung_reason=ladder.FEATURES_STALE),
    "usr_testr2nowatermark": Forced(rung=Rung.R2, rung_reason=ladder.NO_WATERMARK),
    "usr_testr2unreadable": Forced(rung=Rung.R2, rung_reason=ladder.HISTORIES_UNREADABLE),
    "usr_testr2slow": Forced(rung=Rung.R2, rung_reason=ladder.HISTORIES_LATE),
    "usr_testr2nomodel": Forced(rung=Rung.R2, rung_reason=ladder.NO_MODEL),
    "usr_testr2scorer": Forced(rung=Rung.R2, rung_reason=ladder.SCORER_FAILED),
    "usr_testr2scorerlate": Forced(rung=Rung.R2, rung_reason=ladder.SCORER_LATE),
    "usr_testr3": Forced(rung=Rung.R3, rung_reason=ladder.DEADLINE_SPENT),
    "usr_testunavailable": Forced(problem=UNAVAILABLE),
    "usr_testinflight": Forced(problem=IN_FLIGHT),
}


def forced(transaction: Transaction) -> Forced | None:
    """What the payment's test tokens force, the card's and the rider's together; None without any."""
    card, rider = CARDS.get(transaction.card_id), RIDERS.get(transaction.user_id)
    if card is None or rider is None:
        return card or rider
    return Forced(verdict=card.verdict, rung=rider.rung, rung_reason=rider.rung_reason, problem=rider.problem)


def forced_for(transaction: Transaction, *, test: bool) -> Forced | None:
    """As `forced`, or RequestRefused for a live key that uses a test token."""
    found = forced(transaction)
    if found and not test:
        field = "card_id" if transaction.card_id in CARDS else "user_id"
        raise RequestRefused(TEST_TOKEN, f"{field} is a test token, and the key is a live one", field=field)
    return found
