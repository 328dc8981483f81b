"""What an expression can be made of, told for people who write one."""

from msgspec import Struct

from app.rules.variables import FIELDS, PROBABILITY
from domain.catalogue import FEATURES, WINDOW_WORDS, Feature


class Word(Struct, frozen=True, kw_only=True):
    """`insert` is what stands in the expression once it is chosen."""

    name: str
    kind: str
    unit: str
    says: str
    insert: str


_UNITS = {"money": "minor units", "flag": "0 or 1", "hour": "0 to 23"}
_FIELDS = {
    "amount_minor": ("minor units, whole", "the fare"),
    "currency": ("text", "three letters, such as 'USD'"),
    "pickup_zone": ("text", "where the ride starts"),
    "dropoff_zone": ("text", "where the ride ends"),
    "pickup_lat": ("degrees", "where the ride starts"),
    "pickup_lon": ("degrees", "where the ride starts"),
    "distance_m": ("metres, whole", "how long the ride is"),
    "card_id": ("text", "the card's token"),
    "user_id": ("text", "the rider's token"),
    "device_id": ("text", "the device's token"),
    "driver_id": ("text", "the driver's token"),
    "promo_id": ("text", "the promotion; '' when there is none"),
    "email_hash": ("text", "the hash of the e-mail address; '' when there is none"),
}
_FUNCTIONS = {
    "known": ("known(x)", "whether there is a value at all"),
    "size": ("size(list)", "how many members a list has, or characters a text"),
    "contains": ("text.contains('x')", "whether a text has a part"),
    "startsWith": ("text.startsWith('x')", "whether a text begins so"),
    "endsWith": ("text.endsWith('x')", "whether a text ends so"),
    "int": ("int(x)", "a whole number of it"),
    "double": ("double(x)", "a broken number of it, to reckon with features"),
    "string": ("string(x)", "a text of it"),
    "all": ("[…].all(n, n > 1)", "whether it holds of every member of a list"),
    "exists": ("[…].exists(n, n > 1)", "whether it holds of any member of a list"),
    "exists_one": ("[…].exists_one(n, n > 1)", "whether it holds of one member alone"),
    "filter": ("[…].filter(n, n > 1)", "the members of a list of which it holds"),
}


def words() -> list[Word]:
    """Features, the probability, the payment's own fields, then functions."""
    return [
        *map(_feature, FEATURES),
        Word(
            name=PROBABILITY, kind="model", unit="0 to 1", says="the model's probability of fraud",
            insert=PROBABILITY,
        ),
        *(
            Word(name=name, kind="payment", unit=_FIELDS[name][0], says=_FIELDS[name][1], insert=name)
            for name in FIELDS
        ),
        *(
            Word(name=name, kind="function", unit=shown, says=says, insert=f"{name}(")
            for name, (shown, says) in _FUNCTIONS.items()
        ),
    ]  # fmt: skip


def _feature(feature: Feature) -> Word:
    window = WINDOW_WORDS[feature.window_ms] if feature.window_ms else ""
    return Word(
        name=feature.name,
        kind=feature.entity,
        unit=_UNITS.get(feature.unit, feature.unit),
        says=feature.sentence.format(value="…", window=window),
        insert=feature.name,
    )
