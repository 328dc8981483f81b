from typing import Any

from scoring.drift import DriftFinding, alarmed
from scoring.drift.reference import SCORE


def a_finding(**given: Any) -> DriftFinding:
    defaults: dict[str, Any] = {
        "subject": "amount",
        "psi": 0.02,
        "ks": 0.03,
        "missing_rise": 0.0,
        "out_of_range": 0.0,
        "rows": 900,
    }
    return DriftFinding(**{**defaults, **given})


def test_nothing_wrong_is_no_alarm() -> None:
    assert alarmed([]) is None
    assert alarmed([a_finding(), a_finding(subject=SCORE)]) is None


def test_the_score_is_told_first_and_the_rest_counted() -> None:
    found = [a_finding(subject=f"card_{n}", psi=n / 10, alarm="moved") for n in range(1, 5)]
    assert alarmed([*found, a_finding(subject=SCORE, psi=0.1, alarm="rose")]) == (
        "Payments are no longer what the model was trained on: score: rose; card 4: moved; card 3: moved; "
        "and 2 more."
    )


def test_an_alarm_without_distances_is_told_too() -> None:
    assert "rating: gone" in (alarmed([a_finding(subject="rating", psi=None, alarm="gone")]) or "")
