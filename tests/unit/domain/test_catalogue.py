from collections.abc import Callable
from math import isnan
from string import Formatter
from typing import Any, get_args

import pytest
from msgspec import structs

from domain.catalogue import (
    DEFINITIONS_VERSION,
    FEATURE_NAMES,
    FEATURES,
    SHORT,
    SIGNATURE,
    WINDOW_WORDS,
    Entity,
    Feature,
    signature,
)
from domain.moment import Counterpart
from domain.tiles import TILE_OF_WINDOW


def test_names_are_unique() -> None:
    assert len(set(FEATURE_NAMES)) == len(FEATURE_NAMES) == len(FEATURES)


def test_there_are_forty_at_least() -> None:
    assert len(FEATURES) >= 40


@pytest.mark.parametrize("feature", FEATURES, ids=FEATURE_NAMES)
def test_what_is_missing_is_no_number(feature: Feature) -> None:
    assert isnan(feature.missing)


FAMILIES: dict[str, Callable[[Feature], bool]] = {
    "counts": lambda f: f.unit == "count" and "_payments_" in f.name,
    "money": lambda f: f.unit == "money",
    "declines": lambda f: f.unit == "count" and "_declines_" in f.name,
    "distinct counterparts": lambda f: (
        f.unit == "count" and f.name.split("_")[-2] in {f"{met}s" for met in get_args(Counterpart)}
    ),
}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("window_ms", SHORT)
def test_every_family_looks_through_every_window(family: str, window_ms: int) -> None:
    assert [f for f in FEATURES if f.window_ms == window_ms and FAMILIES[family](f)]


@pytest.mark.parametrize("feature", FEATURES, ids=FEATURE_NAMES)
def test_a_name_begins_with_its_owner(feature: Feature) -> None:
    if feature.entity not in ("transaction", "profile"):
        assert feature.name.startswith(f"{feature.entity}_")


def test_every_entity_has_features() -> None:
    assert {feature.entity for feature in FEATURES} == set(get_args(Entity))


@pytest.mark.parametrize("feature", FEATURES, ids=FEATURE_NAMES)
def test_a_windows_name_says_its_length(feature: Feature) -> None:
    if feature.window_ms is not None:
        assert feature.name.endswith(f"_{SHORT[feature.window_ms]}")
        assert "{window}" in feature.sentence


@pytest.mark.parametrize("feature", FEATURES, ids=FEATURE_NAMES)
def test_a_sentence_shows_its_value_unless_it_is_a_flag(feature: Feature) -> None:
    fields = {field for _, field, _, _ in Formatter().parse(feature.sentence) if field}
    assert fields <= {"value", "window"}
    assert ("value" in fields) == (feature.unit != "flag")


@pytest.mark.parametrize("feature", [f for f in FEATURES if f.unit == "count"], ids=lambda f: f.name)
def test_a_count_stands_after_a_colon_and_so_reads_well_for_one_and_for_many(feature: Feature) -> None:
    assert feature.sentence.endswith(": {value}")


def test_sentences_are_told_apart() -> None:
    assert len({(feature.sentence, feature.window_ms) for feature in FEATURES}) == len(FEATURES)


def test_every_window_has_words_and_a_short_name() -> None:
    assert set(WINDOW_WORDS) == set(SHORT) == set(TILE_OF_WINDOW)


def test_the_signature_is_that_of_the_catalogue() -> None:
    assert signature(FEATURES) == SIGNATURE
    assert len(bytes.fromhex(SIGNATURE)) == 32


@pytest.mark.parametrize(
    "change", [{"name": "other"}, {"entity": "card"}, {"unit": "ratio"}, {"risk": -1}, {"window_ms": 1}]
)
def test_the_signature_changes_with_a_definition(change: dict[str, Any]) -> None:
    changed = (structs.replace(FEATURES[0], **change), *FEATURES[1:])
    assert signature(changed) != SIGNATURE


def test_the_signature_changes_with_order_number_and_version() -> None:
    others = [
        signature(FEATURES[::-1]),
        signature(FEATURES[:-1]),
        signature(FEATURES, DEFINITIONS_VERSION + 1),
    ]
    assert len({SIGNATURE, *others}) == 4


def test_the_signature_does_not_change_with_words() -> None:
    changed = (structs.replace(FEATURES[0], sentence="{value}"), *FEATURES[1:])
    assert signature(changed) == SIGNATURE
