"""`python -m data_generator.fraud.base_rates`: how common each attack is, as the tables of docs/fraud.md."""

from collections.abc import Iterable

from data_generator.mix import ATTACKS, FRAUD_SHARE, HONEST, Kind, payments_a_story


def attack_table() -> str:
    """One row an attack: of all fraudulent payments, of all payments, and how many a story brings."""
    return _table(
        ("attack", "payments a story", "of fraud payments", "of all payments"),
        (_row(kind, ATTACKS, FRAUD_SHARE) for kind in ATTACKS),
    )


def look_alike_table() -> str:
    """One row an honest story that is no ordinary ride."""
    return _table(
        ("story", "payments a story", "of honest payments", "of all payments"),
        (_row(kind, HONEST, 1 - FRAUD_SHARE) for kind in HONEST if kind.name != "regular"),
    )


def _row(kind: Kind, among: tuple[Kind, ...], share_of_all: float) -> tuple[str, str, str, str]:
    share = kind.share * kind.payments / payments_a_story(among)
    return f"`{kind.name}`", f"{kind.payments:.1f}", f"{share:.1%}", f"{share * share_of_all:.3%}"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---", *["---:"] * (len(head) - 1)), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


if __name__ == "__main__":
    print(f"{attack_table()}\n\n{look_alike_table()}")  # noqa: T201 - the tables are the output
