"""The features: each declared once, with its name, entity, window, unit, direction of risk and sentence.

A feature of an unknown entity has the value `missing`, which is NaN and never zero. `risk` says which way a
rising value may move the risk: 1 up, -1 down, 0 either; the model is trained to keep to it.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256
from math import nan
from typing import Literal

from msgspec import Struct

from domain.display import DAY_MS, HOUR_MS
from domain.moment import Counterpart, Moment, Owner, distinct_of, sum_of
from domain.tiles import DAY, FIVE_MINUTES, HOUR, MONTH, WEEK

DEFINITIONS_VERSION = 2  # raise it when a feature is computed otherwise: older models are then refused

Entity = Literal["transaction", "card", "user", "device", "zone", "platform", "profile", "ring"]
Unit = Literal["count", "money", "seconds", "days", "flag", "ratio", "km/h", "metres", "hour", "stars"]
SHORT = {FIVE_MINUTES: "5m", HOUR: "1h", DAY: "24h", WEEK: "7d", MONTH: "30d"}
WINDOW_WORDS = {
    FIVE_MINUTES: "5 minutes",
    HOUR: "an hour",
    DAY: "24 hours",
    WEEK: "7 days",
    MONTH: "30 days",
}


class Feature(Struct, frozen=True, kw_only=True):
    name: str
    entity: Entity
    unit: Unit
    risk: Literal[-1, 0, 1]
    sentence: str  # true of one and of many; "{value}" is written for people, "{window}" in words
    compute: Callable[[Moment], float]
    window_ms: int | None = None
    normal: Callable[[Moment], float] | None = None  # the rider's own usual value, in the same unit
    missing: float = nan  # for an entity that was never heard of

    def definition(self) -> str:
        return f"{self.name}|{self.entity}|{self.unit}|{self.window_ms}|{self.risk}"


def _sum(owner: Owner, name: str, window_ms: int, sentence: str, *, risk: Literal[-1, 0, 1] = 1) -> Feature:
    return Feature(
        name=f"{owner}_{name.removesuffix('_minor')}_{SHORT[window_ms]}",
        entity=owner,
        unit="money" if name == "amount_minor" else "count",
        window_ms=window_ms,
        risk=risk,
        sentence=sentence,
        compute=sum_of(owner, name, window_ms),
    )


def _distinct(
    owner: Owner, met: Counterpart, window_ms: int, sentence: str, *, risk: Literal[-1, 0, 1] = 1
) -> Feature:
    return Feature(
        name=f"{owner}_{met}s_{SHORT[window_ms]}",
        entity=owner,
        unit="count",
        window_ms=window_ms,
        risk=risk,
        sentence=sentence,
        compute=distinct_of(owner, met, window_ms),
    )


def _account_age_days(moment: Moment) -> float:
    created_ms = moment.account().account_created_ms
    return max(moment.as_of_ms - created_ms, 0) / DAY_MS if created_ms else nan


FEATURES: tuple[Feature, ...] = (
    Feature(
        name="amount", entity="transaction", unit="money", risk=0, sentence="the fare is {value}",
        compute=lambda m: float(m.transaction.amount_minor),
        normal=lambda m: m.mean_amount(),
    ),
    Feature(
        name="distance", entity="transaction", unit="metres", risk=0, sentence="the ride is {value} long",
        compute=lambda m: float(m.transaction.distance_m),
    ),
    Feature(
        name="amount_per_km", entity="transaction", unit="money", risk=0, sentence="the fare is {value} per km",
        compute=lambda m: m.transaction.amount_minor * 1000 / max(m.transaction.distance_m, 100),
    ),
    Feature(
        name="hour_of_day", entity="transaction", unit="hour", risk=0, sentence="it is {value} o'clock (UTC)",
        compute=lambda m: float(m.as_of_ms % DAY_MS // HOUR_MS),
    ),
    Feature(
        name="promo_used", entity="transaction", unit="flag", risk=0, sentence="a promotion is used",
        compute=lambda m: float(m.transaction.promo_id is not None),
    ),
    _sum("card", "payments", FIVE_MINUTES, "payments on this card within {window}: {value}"),
    _sum("card", "payments", HOUR, "payments on this card within {window}: {value}"),
    _sum("card", "payments", DAY, "payments on this card within {window}: {value}"),
    _sum("card", "payments", WEEK, "payments on this card within {window}: {value}", risk=0),
    _sum("card", "amount_minor", FIVE_MINUTES, "money on this card within {window}: {value}"),
    _sum("card", "amount_minor", HOUR, "money on this card within {window}: {value}"),
    _sum("card", "amount_minor", DAY, "money on this card within {window}: {value}"),
    _sum("card", "declines", FIVE_MINUTES, "payments on this card declined within {window}: {value}"),
    _sum("card", "declines", DAY, "payments on this card declined within {window}: {value}"),
    _sum("card", "failures", HOUR, "payments on this card refused by its issuer within {window}: {value}"),
    _distinct("card", "user", MONTH, "riders who paid with this card within {window}: {value}"),
    _distinct("card", "device", DAY, "devices that used this card within {window}: {value}"),
    _distinct("card", "zone", HOUR, "zones of rides on this card within {window}: {value}"),
    Feature(
        name="card_since_added", entity="card", unit="seconds", risk=-1,
        sentence="the card was added {value} ago",
        compute=lambda m: m.seconds_since(m.before("card").card_first_added_ms),
    ),
    Feature(
        name="card_since_last_payment", entity="card", unit="seconds", risk=0,
        sentence="the card was last used {value} ago",
        compute=lambda m: m.seconds_since(m.before("card").last_payment_ms),
    ),
    Feature(
        name="card_saturated", entity="card", unit="flag", risk=1,
        sentence="the card has more events than are told apart",
        compute=lambda m: float(m.history("card").saturated),
    ),
    _sum("user", "payments", FIVE_MINUTES, "payments by the rider within {window}: {value}"),
    _sum("user", "payments", HOUR, "payments by the rider within {window}: {value}"),
    _sum("user", "payments", MONTH, "payments by the rider within {window}: {value}", risk=0),
    _sum("user", "amount_minor", WEEK, "money spent by the rider within {window}: {value}", risk=0),
    _sum("user", "amount_minor", MONTH, "money spent by the rider within {window}: {value}", risk=0),
    _sum("user", "declines", HOUR, "payments by the rider declined within {window}: {value}"),
    _sum("user", "declines", WEEK, "payments by the rider declined within {window}: {value}"),
    _sum("user", "declines", MONTH, "payments by the rider declined within {window}: {value}"),
    _sum("user", "failures", DAY, "payments by the rider refused by an issuer within {window}: {value}"),
    _sum("user", "cards_added", DAY, "cards added by the rider within {window}: {value}"),
    _sum("user", "promos", MONTH, "promotions used by the rider within {window}: {value}", risk=0),
    _distinct("user", "card", HOUR, "cards used by the rider within {window}: {value}"),
    _distinct("user", "card", WEEK, "cards used by the rider within {window}: {value}"),
    _distinct("user", "device", DAY, "devices used by the rider within {window}: {value}"),
    _distinct("user", "driver", WEEK, "drivers paid by the rider within {window}: {value}", risk=0),
    Feature(
        name="user_cancel_ratio_7d", entity="user", unit="ratio", window_ms=WEEK, risk=0,
        sentence="cancelled rides over rides asked for within {window}: {value}",
        compute=lambda m: m.cancel_ratio(WEEK),
    ),
    Feature(
        name="user_device_is_new", entity="user", unit="flag", risk=1,
        sentence="the rider never paid from this device before",
        compute=lambda m: m.is_new("user", "device", m.transaction.device_id),
    ),
    Feature(
        name="user_card_is_new", entity="user", unit="flag", risk=1,
        sentence="the rider never paid with this card before",
        compute=lambda m: m.is_new("user", "card", m.transaction.card_id),
    ),
    Feature(
        name="user_zone_is_new", entity="user", unit="flag", risk=1,
        sentence="the rider never started from this zone before",
        compute=lambda m: m.is_new("user", "zone", m.transaction.pickup_zone),
    ),
    Feature(
        name="user_since_new_device_login", entity="user", unit="seconds", risk=-1,
        sentence="a new device logged in {value} ago",
        compute=lambda m: m.seconds_since(m.before("user").new_device_login_ms),
    ),
    Feature(
        name="user_since_contact_change", entity="user", unit="seconds", risk=-1,
        sentence="the rider's contact details changed {value} ago",
        compute=lambda m: m.seconds_since(m.before("user").contact_changed_ms),
    ),
    Feature(
        name="user_amount_ratio", entity="user", unit="ratio", risk=1,
        sentence="the fare is {value} the rider's usual",
        compute=lambda m: m.amount_ratio(),
    ),
    Feature(
        name="user_amount_rank", entity="user", unit="ratio", risk=0,
        sentence="the share of the rider's fares that were clearly lower is {value}",
        compute=lambda m: m.amount_rank(),
    ),
    Feature(
        name="user_estimate_ratio", entity="user", unit="ratio", risk=0,
        sentence="the fare is {value} what was foretold for the ride",
        compute=lambda m: m.estimate_ratio(),
    ),
    Feature(
        name="user_driver_repeats", entity="user", unit="count", risk=0,
        sentence="of the rider's newest payments, those to this driver: {value}",
        compute=lambda m: m.driver_repeats(),
    ),
    Feature(
        name="user_speed", entity="user", unit="km/h", risk=0,
        sentence="the rider moved at {value} since the last pick-up",
        compute=lambda m: m.speed_kmh(),
    ),
    Feature(
        name="user_chargebacks", entity="user", unit="count", risk=1,
        sentence="chargebacks on the rider's payments so far: {value}",
        compute=lambda m: float(m.before("user").lifetime_chargebacks),
    ),
    _sum("device", "payments", HOUR, "payments from this device within {window}: {value}"),
    _sum("device", "accounts", MONTH, "accounts created on this device within {window}: {value}"),
    _distinct("device", "card", FIVE_MINUTES, "cards used on this device within {window}: {value}"),
    _distinct("device", "card", DAY, "cards used on this device within {window}: {value}"),
    _distinct("device", "user", MONTH, "riders who paid from this device within {window}: {value}"),
    Feature(
        name="device_age", entity="device", unit="seconds", risk=-1,
        sentence="the device was first seen {value} ago",
        compute=lambda m: m.seconds_since(m.before("device").first_seen_ms),
    ),
    Feature(
        name="zone_payments_5m", entity="zone", unit="count", window_ms=FIVE_MINUTES, risk=0,
        sentence="payments for rides from this zone within {window}: {value}",
        compute=lambda m: m.zone_total("payments", FIVE_MINUTES),
    ),
    Feature(
        name="zone_decline_rise", entity="zone", unit="ratio", risk=0,
        sentence="declines in this zone are {value} their usual share",
        compute=lambda m: m.decline_rise(m.zone),
    ),
    Feature(
        name="platform_decline_rise", entity="platform", unit="ratio", risk=0,
        sentence="declines everywhere are {value} their usual share",
        compute=lambda m: m.decline_rise(m.pulse),
    ),
    Feature(
        name="account_age", entity="profile", unit="days", risk=-1, sentence="the account is {value} old",
        compute=_account_age_days,
    ),
    Feature(
        name="rating", entity="profile", unit="stars", risk=-1, sentence="the rider's rating is {value}",
        compute=lambda m: m.account().rating_centi / 100,
    ),
    Feature(
        name="pickup_is_home", entity="profile", unit="flag", risk=0,
        sentence="the ride starts in the rider's home zone",
        compute=lambda m: float(m.transaction.pickup_zone == m.account().home_zone),
    ),
    Feature(
        name="ring_size", entity="ring", unit="count", risk=1,
        sentence="riders connected by shared cards or devices, this one included: {value}",
        compute=lambda m: float(m.known_ring().size),
    ),
    Feature(
        name="ring_shared_cards", entity="ring", unit="count", risk=1,
        sentence="cards that connect the rider's ring: {value}",
        compute=lambda m: float(m.known_ring().shared_cards),
    ),
    Feature(
        name="ring_shared_devices", entity="ring", unit="count", risk=1,
        sentence="devices that connect the rider's ring: {value}",
        compute=lambda m: float(m.known_ring().shared_devices),
    ),
)  # fmt: skip


FEATURE_NAMES: tuple[str, ...] = tuple(feature.name for feature in FEATURES)


def signature(features: Sequence[Feature], version: int = DEFINITIONS_VERSION) -> str:
    """Changes with any name, order, unit, window or direction, and with the version of their computation."""
    lines = [f"definitions {version}", *(feature.definition() for feature in features)]
    return sha256("\n".join(lines).encode()).hexdigest()


SIGNATURE = signature(FEATURES)
