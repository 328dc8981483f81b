from math import isnan, nan

import pytest
from event_factories import NOW_MS, a_history, a_payment, a_transaction

from domain.catalogue import FEATURE_NAMES, FEATURES, Feature, Unit
from domain.display import MINUTE_MS
from domain.moment import Moment
from domain.reasons import TOP, normals_of, reason, sentence, top_reasons, written
from domain.vector import observe, vector


def feature(name: str) -> Feature:
    return FEATURES[FEATURE_NAMES.index(name)]


def said(name: str, value: float, normal: float | None = None) -> str:
    return sentence(feature(name), value, normal, "USD")


def a_moment(*amounts: int) -> Moment:
    past = [
        a_payment(at_ms=NOW_MS - (9 - i) * MINUTE_MS, amount_minor=amount) for i, amount in enumerate(amounts)
    ]
    return observe(
        card=None,
        user=a_history("user", *past) if past else None,
        profile=None,
        transaction=a_transaction(amount_minor=8_400),
        as_of_ms=NOW_MS,
    )


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("amount", 1_850, "the fare is $18.50"),
        ("distance", 6_200, "the ride is 6.2 km long"),
        ("amount_per_km", 298.39, "the fare is $2.98 per km"),
        ("hour_of_day", 3, "it is 3 o'clock (UTC)"),
        ("card_payments_1h", 1, "payments on this card within an hour: 1"),
        ("card_payments_1h", 12, "payments on this card within an hour: 12"),
        ("card_payments_5m", 3, "payments on this card within 5 minutes: 3"),
        ("card_amount_24h", 120_000, "money on this card within 24 hours: $1,200.00"),
        ("card_users_30d", 1, "riders who paid with this card within 30 days: 1"),
        ("card_since_added", 90, "the card was added 2 min ago"),
        ("user_amount_ratio", 4.25, "the fare is 4.2x the rider's usual"),
        ("user_speed", 1_234.5, "the rider moved at 1,234 km/h since the last pick-up"),
        ("user_chargebacks", 1, "chargebacks on the rider's payments so far: 1"),
        ("account_age", 0.5, "the account is 12 h old"),
        ("rating", 4.9, "the rider's rating is 4.90"),
        ("pickup_is_home", 1, "the ride starts in the rider's home zone"),
        ("pickup_is_home", 0, "not so: the ride starts in the rider's home zone"),
        ("card_payments_1h", nan, "unknown so far: payments on this card within an hour"),
        ("card_since_added", nan, "unknown so far: card since added"),
    ],
)
def test_sentences(name: str, value: float, text: str) -> None:
    assert said(name, value) == text


@pytest.mark.parametrize("one", FEATURES, ids=FEATURE_NAMES)
@pytest.mark.parametrize("value", [0.0, 1.0, 2.0, 12_345.0, nan])
def test_every_feature_has_a_sentence_for_every_value(one: Feature, value: float) -> None:
    text = sentence(one, value, None, "USD")
    assert text
    assert "{" not in text
    assert "nan" not in text


def test_the_riders_usual_is_told_where_it_is_known() -> None:
    assert said("amount", 8_400, 1_900) == "the fare is $84.00; usual for this rider is $19.00"
    assert said("amount", 8_400, nan) == said("amount", 8_400) == "the fare is $84.00"


@pytest.mark.parametrize(
    ("unit", "value", "text"),
    [
        ("money", 1_850.0, "$18.50"),
        ("seconds", 90.0, "2 min"),
        ("days", 3.0, "3 d"),
        ("ratio", 2.0, "2.0x"),
        ("km/h", 61.4, "61 km/h"),
        ("metres", 950.0, "0.9 km"),
        ("stars", 4.875, "4.88"),
        ("count", 1_200.0, "1,200"),
        ("hour", 23.0, "23"),
        ("flag", 1.0, "1"),
    ],
)
def test_values_in_their_units(unit: Unit, value: float, text: str) -> None:
    assert written(unit, value, "USD") == text


NOTHING = [nan] * len(FEATURES)


def test_at_most_three_reasons_strongest_first() -> None:
    contributions = [0.01 * i for i in range(len(FEATURES))]
    found = top_reasons(NOTHING, contributions, {}, "USD")
    assert [one.code for one in found] == list(FEATURE_NAMES[: -TOP - 1 : -1])


def test_what_speaks_for_the_rider_is_no_reason() -> None:
    contributions = [-1.0] * len(FEATURES)
    assert top_reasons(NOTHING, contributions, {}, "USD") == []
    contributions[2] = 0.5
    assert [one.code for one in top_reasons(NOTHING, contributions, {}, "USD")] == ["amount_per_km"]


def test_the_base_after_the_contributions_is_no_reason() -> None:
    assert top_reasons(NOTHING, [0.0] * len(FEATURES) + [9.0], {}, "USD") == []


def test_each_reason_bears_the_normal_of_its_own_feature() -> None:
    contributions = [float(name in ("amount", "distance")) for name in FEATURE_NAMES]
    found = top_reasons([5_000.0] * len(FEATURES), contributions, {"amount": 1_833.67}, "USD")
    assert {one.code: one.normal for one in found} == {"amount": 1_833.67, "distance": None}


def test_a_reason_bears_its_value_and_the_riders_normal() -> None:
    normal = normals_of(a_moment(1_000, 2_000, 2_501))["amount"]
    found = reason(feature("amount"), 8_400.0, 1.23456789, normal, "USD")
    assert (found.code, found.value, found.normal) == ("amount", 8_400.0, 1_833.67)
    assert found.contribution == 1.234568
    assert found.sentence == "the fare is $84.00; usual for this rider is $18.34"


@pytest.mark.parametrize("amounts", [(), (1_000,), (1_000, 2_000)])
def test_fewer_than_three_payments_make_no_normal(amounts: tuple[int, ...]) -> None:
    assert "amount" not in normals_of(a_moment(*amounts))


def test_normals_are_of_features_and_never_unknown() -> None:
    normals = normals_of(a_moment(1_000, 2_000, 3_000))
    assert normals
    assert set(normals) <= {one.name for one in FEATURES if one.normal}
    assert not any(isnan(normal) for normal in normals.values())


def test_a_missing_value_is_none_and_not_a_number() -> None:
    value = vector(a_moment())[FEATURE_NAMES.index("card_payments_1h")]
    assert isnan(value)
    assert reason(feature("card_payments_1h"), value, 0.3, None, "USD").value is None
