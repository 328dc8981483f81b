from array import array
from math import nan

from readings_factories import NOW, a_detail, a_reason

from dashboard import decision_view
from dashboard.readings import OutcomeRow
from domain.catalogue import FEATURES
from domain.decision import Outcome, Rung


def facts(of: list[decision_view.Fact]) -> dict[str, str]:
    return {fact.name: fact.value for fact in of}


def test_reasons_show_values_in_their_units_and_the_rider_s_usual() -> None:
    detail = a_detail(
        reasons=[
            a_reason(contribution=2.5),
            a_reason(
                code="amount", sentence="the fare is $93.00", value=9_300.0, normal=1_820.5, contribution=0.5
            ),
            a_reason(code="user_device_is_new", sentence="a new device", value=1.0, contribution=0.25),
        ]
    )
    first, second, third = decision_view.reasons(detail)
    assert (first.sentence, first.value, first.usual) == ("6 payments on this card within 5 minutes", "6", "")
    assert (second.value, second.usual, second.push) == ("$93.00", "$18.20", 0.2)
    assert (third.value, third.contribution) == ("yes", "+0.25")
    assert first.push == 1.0


def test_reasons_of_the_policies_are_in_money() -> None:
    (view,) = decision_view.reasons(a_detail(reasons=[a_reason(code="request_amount", value=30_000.0)]))
    assert view.value == "$300.00"


def test_an_unknown_value_says_so() -> None:
    (view,) = decision_view.reasons(a_detail(reasons=[a_reason(value=None, contribution=0.0)]))
    assert (view.value, view.push) == ("unknown", 0.0)


def test_why_is_written_in_sentences() -> None:
    reasons = [a_reason(sentence="the fare is $93.00"), a_reason(sentence="a new device logged in 4 min ago")]
    assert decision_view.why(reasons) == "The fare is $93.00. A new device logged in 4 min ago."
    assert decision_view.why([]) == "No reason was kept."


def test_provenance_of_a_full_decision() -> None:
    assert facts(decision_view.provenance(a_detail())) == {
        "Decided": "2026-03-01 12:00:21 UTC",
        "Took": "3 ms",
        "Footing": "R0: full model on fresh features",
        "Feature age": "420 ms",
        "Model": "mdl_a (compiled)",
        "Histories read": "card version 1.7, rider version 1.1234, no profile",
    }


def test_provenance_of_a_decision_without_a_model() -> None:
    detail = a_detail(
        rung=Rung.R2,
        rung_reason="features_stale",
        feature_age_ms=None,
        model_version=None,
        scorer_kind=None,
        probability=None,
    )
    told = facts(decision_view.provenance(detail))
    assert told["Footing"].endswith("because the features were older than a minute")
    assert (told["Model"], told["Feature age"]) == ("none", "not known")
    assert "no model stood behind it" in decision_view.likelihood(detail)


def test_a_rung_reason_of_another_release_is_still_told() -> None:
    detail = a_detail(rung=Rung.R1, rung_reason="moon_in_the_way")
    assert "because moon in the way" in facts(decision_view.provenance(detail))["Footing"]


def test_every_feature_value_is_in_its_unit() -> None:
    values = array("f", [nan] * len(FEATURES))
    values[0] = 1_850.0
    told = decision_view.feature_values(a_detail(vector=values.tobytes()))
    assert told is not None
    assert len(told) == len(FEATURES)
    assert (told[0].value, told[1].value) == ("$18.50", "unknown")


def test_a_vector_of_other_features_is_not_shown_as_ours() -> None:
    assert decision_view.feature_values(a_detail(vector=b"\x00" * 12)) is None
    assert decision_view.feature_values(a_detail(vector=None)) is None


def test_outcomes_tell_what_became_of_the_payment() -> None:
    rows = [
        OutcomeRow(outcome=Outcome.CAPTURED, reason_code=None, amount_minor=9_300, occurred_at=NOW),
        OutcomeRow(outcome=Outcome.CHARGEBACK, reason_code="10.4", amount_minor=9_300, occurred_at=NOW),
    ]
    assert decision_view.outcomes(a_detail(outcomes=rows)) == [
        "2026-03-01 12:00:30 UTC: captured, $93.00",
        "2026-03-01 12:00:30 UTC: charged back, $93.00 (reason 10.4)",
    ]
