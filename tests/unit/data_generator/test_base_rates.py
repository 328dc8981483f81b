"""The tables of docs/fraud.md are those of the mix, and every attack is described there."""

from pathlib import Path

import pytest

from data_generator.fraud.base_rates import attack_table, look_alike_table
from data_generator.mix import ATTACKS, HONEST, AttackUnknown, attack_named

DOCS = Path(__file__).parents[3] / "docs" / "fraud.md"


def test_the_tables_are_those_of_the_mix() -> None:
    text = DOCS.read_text()
    again = "Write them again: python -m data_generator.fraud.base_rates"
    assert attack_table() in text, again
    assert look_alike_table() in text, again


def test_the_rows_add_up_to_the_fraud_there_is() -> None:
    shares = [float(row.split("|")[3].strip(" %")) for row in attack_table().splitlines()[2:]]
    assert sum(shares) == pytest.approx(100, abs=0.5)


def test_every_attack_has_a_section_and_a_file_that_says_what_an_analyst_sees() -> None:
    text = DOCS.read_text()
    folder = Path(attack_named.__code__.co_filename).parent / "fraud"
    for attack in ATTACKS:
        assert f"**{attack.name}**" in text
        assert (folder / f"{attack.name}.py").read_text().startswith('"""What an analyst sees')


def test_shares_of_attacks_and_of_honest_stories_add_up() -> None:
    assert sum(kind.share for kind in ATTACKS) == pytest.approx(1.0)
    assert sum(kind.share for kind in HONEST) == pytest.approx(1.0)


def test_an_unknown_attack_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(AttackUnknown, match=r"ghost_trips.*stolen_phone"):
        attack_named("teleport")
