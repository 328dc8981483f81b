"""What has become known since the last round, and whether it is enough to train again."""

from datetime import UTC, datetime

from msgspec import Struct, convert
from psycopg.rows import dict_row

from domain.display import HOUR_MS, count
from scoring.learning.rounds import NewestTraining, query
from scoring.learning.slices import FRAUDS_MIN
from scoring.learning.workshop import Workshop

GROWTH = 1.25  # of the frauds known when the last model was trained: fewer would teach it the same
OFFLINE_AFTER = 20  # recent models
DRIFT_REST_MS = HOUR_MS  # what is other than it was stays so for a while


class News(Struct, frozen=True, kw_only=True):
    """`labels` are new since the last round; of the `frauds` known of the window, so many have matured."""

    labels: int
    frauds: int
    frauds_matured: int


def read_news(workshop: Workshop, looked_until_ms: int | None) -> News:
    """The first round sees everything as new."""
    until_ms = workshop.since_ms if looked_until_ms is None else looked_until_ms
    matured_until_ms = min(until_ms - workshop.maturity_ms, workshop.matured_before_ms)
    values = {
        "since": _instant(workshop.since_ms),
        "matured_before": _instant(workshop.matured_before_ms),
        "looked_until": _instant(until_ms),
        "matured_until": _instant(matured_until_ms),
    }
    with workshop.connection.cursor(row_factory=dict_row) as cursor:
        return convert(cursor.execute(query("known"), values).fetchone(), News)


def too_little(news: News, last: NewestTraining | None, drifted: bool) -> str | None:
    """Why nothing is trained now; None when it is time."""
    if news.frauds_matured < FRAUDS_MIN:
        return (
            f"{news.frauds_matured} frauds have matured ({count(news.frauds)} are known), "
            f"{FRAUDS_MIN} are needed"
        )
    if last and not drifted and news.frauds_matured < GROWTH * last.frauds_matured:
        return (
            f"{news.frauds_matured} frauds have matured, {last.frauds_matured} were known when a model was "
            f"last trained: too few new ones"
        )
    return None


def may_answer_drift(last: NewestTraining | None, now_ms: int) -> bool:
    return last is None or now_ms - last.ended_ms >= DRIFT_REST_MS


def offline_is_due(last: NewestTraining | None, drifted: bool) -> bool:
    return drifted or (last is not None and last.since_offline >= OFFLINE_AFTER)


def _instant(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)
