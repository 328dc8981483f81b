"""Bodies of a payment that must be refused, by what is wrong with them, each with the problem it gets."""

from typing import Any

from factories import a_live_body
from msgspec import json

GOOD = a_live_body()
FIELDS: dict[str, Any] = json.decode(GOOD)
_NUMBER = "4111111111111111"
Bad = tuple[bytes, str, str]  # the body, the slug of its problem, the field that is named


def a_place(**given: Any) -> dict[str, Any]:
    return {"zone": "zone_a", "lat": 1.0, "lon": 1.0, **given}


def _without(field: str) -> bytes:
    return json.encode({name: value for name, value in FIELDS.items() if name != field})


def _with(text: bytes) -> bytes:
    """As it stands, which no encoder would write."""
    return GOOD[:-1] + b"," + text + b"}"


def _instead(field: str, text: bytes) -> bytes:
    return _without(field)[:-1] + b',"' + field.encode() + b'":' + text + b"}"


def _not_json() -> dict[str, Bad]:
    bodies = {
        "nothing": b"",
        "blanks": b"   ",
        "not JSON": b"amount=12",
        "XML": b"<transaction/>",
        "cut off": GOOD[:-2],
        "text after it": GOOD + b" x",
        "two objects": GOOD + GOOD,
        "byte order mark": b"\xef\xbb\xbf" + GOOD,
        "UTF-16": GOOD.decode().encode("utf-16"),
        "not UTF-8": GOOD.replace(b"usr_a", b"usr_\xff"),
        "lone surrogate": GOOD.replace(b"usr_a", b"usr_\\ud800"),
        "single quotes": GOOD.replace(b'"', b"'"),
        "a comment": b"/* hello */" + GOOD,
        "a comma too many": GOOD[:-1] + b",}",
        "a raw newline in a text": GOOD.replace(b"usr_a", b"usr_a\n"),
        "a bare word": b"hello",
        "NaN": _instead("amount_minor", b"NaN"),
        "Infinity": _instead("amount_minor", b"Infinity"),
        "minus Infinity": _instead("distance_m", b"-Infinity"),
        "NaN latitude": GOOD.replace(b"40.71", b"NaN"),
        "infinite latitude": GOOD.replace(b"40.71", b"Infinity"),
        "hexadecimal": _instead("amount_minor", b"1x12"),
        "leading zero": _instead("amount_minor", b"018"),
        "plus sign": _instead("amount_minor", b"+18"),
        "no digit after the point": _instead("amount_minor", b"18."),
        "a Python None": _instead("promo_id", b"None"),
        "deep in a field": b'{"transaction_id":' + b"[" * 7_000 + b"]" * 7_000 + b"}",
    }
    named = {name: (body, "malformed-json", "body") for name, body in bodies.items()}
    named["deep in a field"] = (bodies["deep in a field"], "invalid-request", "transaction_id")
    return named


def _not_an_object() -> dict[str, Bad]:
    bodies = {
        "null": b"null",
        "true": b"true",
        "a list": b"[]",
        "a list of one": b"[" + GOOD + b"]",
        "a number": b"1",
        "a text": b'"txn_a"',
    }
    return {name: (body, "invalid-request", "body") for name, body in bodies.items()}


def _twice() -> dict[str, Bad]:
    bodies = {
        f"{field} twice": (_with(json.encode({field: FIELDS[field]})[1:-1]), "malformed-json", field)
        for field in FIELDS
    }
    inner = GOOD.replace(b'"lat":40.71', b'"lat":40.71,"lat":0.5')
    return bodies | {
        "twice, escaped": (_with(b'"amount\\u005fminor":1'), "malformed-json", "amount_minor"),
        "twice in a place": (inner, "malformed-json", "lat"),
    }


def _missing() -> dict[str, Bad]:
    fields = {f"without {field}": (_without(field), "invalid-request", field) for field in FIELDS}
    for part in a_place():
        place = {name: value for name, value in a_place().items() if name != part}
        fields[f"a pickup without {part}"] = (a_live_body(pickup=place), "invalid-request", f"pickup.{part}")
    return fields | {"an empty object": (b"{}", "invalid-request", "transaction_id")}


def _wrong_types() -> dict[str, Bad]:
    wrong: dict[str, tuple[Any, ...]] = {
        "transaction_id": (1, None, True, ["txn_a"], {"id": "txn_a"}),
        "amount_minor": ("1850", True, None, 18.5, [1850], {}),
        "currency": (840, None, ["USD"]),
        "distance_m": ("6200", None, 6.2, False),
        "pickup": ("zone_a", None, [40.7, -74.0], 1),
        "requested_at": (1_790_000_000, None, {"seconds": 1}),
        "promo_id": (7, False, ""),
        "email_hash": ("rider@example.com", "emh_", "emh_" + "a" * 51, "emh_" + "A" * 52, 5),
    }
    return {
        f"{field} as {json.encode(value).decode()[:40]}": (
            a_live_body(**{field: value}) if field != "requested_at" else _instead(field, json.encode(value)),
            "invalid-request",
            field,
        )
        for field, values in wrong.items()
        for value in values
    }


def _out_of_range() -> dict[str, Bad]:
    wrong: dict[str, tuple[Any, ...]] = {
        "amount_minor": (0, -1, -1850, 10**12 + 1, 2**63, 2**64),
        "distance_m": (-1, 10**7 + 1),
        "currency": ("usd", "US", "USDX", "USD\n", "U D", "", "€€€"),
        "transaction_id": ("a", "txn_", "txn_ABC", "txn_a\n", "txn_a\0", "usr_a", "txn_ä", "txn-a"),
        "user_id": ("usr_'; drop table decisions --", "usr_" + "a" * 65, "usr_../../etc/passwd", "usr_<b>"),
        "card_id": ("card_", "tok_a", "card_\r\nSet-Cookie: a=b"),
        "device_id": ("dev_", "DEV_A"),
        "driver_id": ("drv_%00", "driver_a"),
        "ride_id": ("ride_🚕", "ride_" + "0" * 65),
    }  # fmt: skip
    values = {
        f"{field} of {value!r}"[:70]: (a_live_body(**{field: value}), "invalid-request", field)
        for field, given in wrong.items()
        for value in given
    }
    pickup = "pickup."
    places = {
        f"{part} of {value}": (
            a_live_body(pickup=a_place(**{part: value})), "invalid-request", pickup + part
        )
        for part, value in (
            ("lat", 90.5), ("lat", -91), ("lat", "40"), ("lat", None), ("lon", -180.5), ("lon", 181),
            ("lon", True), ("zone", "usr_a"), ("zone", "zone_"), ("zone", 3),
        )
    }  # fmt: skip
    return values | places | {
        "amount as float": (_instead("amount_minor", b"1850.5"), "invalid-request", "amount_minor"),
        "huge number": (_instead("amount_minor", b"9" * 400), "invalid-request", "amount_minor"),
        "overflowing latitude": (GOOD.replace(b"40.71", b"1e999"), "invalid-request", "pickup.lat"),
        "another currency": (a_live_body(currency="EUR"), "wrong-currency", "currency"),
    }  # fmt: skip


def _wrong_times() -> dict[str, Bad]:
    times = {
        "naive": "2026-09-21T14:00:00",
        "a day alone": "2026-09-21",
        "no T": "yesterday",
        "the 32nd": "2026-09-32T14:00:00Z",
        "25 o'clock": "2026-09-21T25:00:00Z",
        "far future": "2126-01-01T00:00:00Z",
        "long ago": "1996-01-01T00:00:00Z",
        "before all time": "0001-01-01T00:00:00+14:00",
        "nothing": "",
    }
    return {
        f"a time: {name}": (_instead("requested_at", json.encode(time)), "invalid-request", "requested_at")
        for name, time in times.items()
    }


def _unknown() -> dict[str, Bad]:
    names = (
        "verdict", "score", "probability", "risk_score", "is_fraud", "fraud", "decision_id", "label", "rung",
        "Verdict", "amount", "extra", "__proto__", "constructor", "$where", "transactionId",
    )  # fmt: skip
    fields = {f"with {name}": (a_live_body(**{name: "approve"}), "invalid-request", name) for name in names}
    return fields | {
        "unknown in a place": (a_live_body(dropoff=a_place(alt=3)), "invalid-request", "dropoff.alt"),
        "deep unknown": (_with(b'"x":' + b'{"x":' * 2_000 + b"1" + b"}" * 2_000), "invalid-request", "x"),
    }


def _card_data() -> dict[str, Bad]:
    names = (
        "cvv", "CVV", "cvv2", "cvc", "cvc2", "cid", "card_cvv", "cardCvc", "security_code", "securityCode",
        "Security-Code", "pin", "pin_block", "pan", "PAN", "card_number", "cardNumber", "card-number",
        "track_data", "track_data_1", "track2",
    )  # fmt: skip
    fields = {f"with {name}": (a_live_body(**{name: "123"}), "card-data", name) for name in names}
    plain = {
        name: (body, slug, field if field.replace("_", "").isalnum() else "")
        for name, (body, slug, field) in fields.items()
    }
    return plain | {
        "cvv in a place": (a_live_body(pickup=a_place(cvv="123")), "card-data", "pickup.cvv"),
        "cvv in an unknown field": (a_live_body(card={"cvv": 123}), "card-data", "card.cvv"),
        "cvv in a list": (a_live_body(cards=[{"cvv": 123}]), "card-data", "cards.cvv"),
        "cvv beside a missing field": (_without("user_id")[:-1] + b',"cvv":"1"}', "card-data", "cvv"),
    }


def _card_numbers() -> dict[str, Bad]:
    inside = {
        field: f"{prefix}_{_NUMBER}"
        for field, prefix in (
            ("transaction_id", "txn"), ("card_id", "card"), ("user_id", "usr"), ("device_id", "dev"),
            ("driver_id", "drv"), ("ride_id", "ride"), ("promo_id", "promo"),
        )
    }  # fmt: skip
    fields = {
        f"a card number in {field}": (a_live_body(**{field: value}), "card-number", field)
        for field, value in inside.items()
    }
    zone = a_live_body(dropoff=a_place(zone=f"zone_{_NUMBER}"))
    return fields | {
        "a card number in a zone": (zone, "card-number", "dropoff.zone"),
        "a card number with dashes": (a_live_body(card_id="4111-1111-1111-1111"), "card-number", "card_id"),
        "a card number with spaces": (a_live_body(card_id="4111 1111 1111 1111"), "card-number", "card_id"),
        "a card number as a number": (a_live_body(card_id=int(_NUMBER)), "card-number", "card_id"),
        "a card number as a name": (a_live_body(**{_NUMBER: 1}), "invalid-request", ""),
        "a card number in an unknown field": (a_live_body(note=_NUMBER), "card-number", "note"),
    }


BAD: dict[str, Bad] = {
    **_not_json(), **_not_an_object(), **_twice(), **_missing(), **_wrong_types(), **_out_of_range(),
    **_wrong_times(), **_unknown(), **_card_data(), **_card_numbers(),
    "one megabyte": (b'{"transaction_id":"' + b"a" * 2**20 + b'"}', "body-too-large", "body"),
    "blanks without end": (GOOD + b" " * 20_000, "body-too-large", "body"),
}  # fmt: skip
