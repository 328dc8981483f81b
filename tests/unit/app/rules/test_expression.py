import sys

import cel
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rules.errors import RuleRefused
from app.rules.expression import FUNCTIONS, compile_expression, context_of, require_fast
from app.rules.variables import FEATURES, FIELDS, SAMPLES, VARIABLES, known
from domain.catalogue import FEATURE_NAMES

NAN = float("nan")


def holds(text: str, **values: float | str) -> bool:
    expression = compile_expression(text)
    context = context_of({**SAMPLES[1], **values}, asks_known=expression.asks_known)
    return expression.execute(context) is True


@pytest.mark.parametrize("name", sorted(VARIABLES))
def test_every_variable_can_be_asked_for(name: str) -> None:
    expression = compile_expression(f"known({name})")
    assert (expression.features, expression.fields) == ({name} & FEATURES, {name} & FIELDS.keys())
    assert expression.needs_probability == (name == "probability")


def test_every_sample_has_every_variable() -> None:
    assert all(sample.keys() == VARIABLES for sample in SAMPLES)
    assert set(FEATURE_NAMES) == FEATURES


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("card_failures_1h >= 5", {"card_failures_1h": 5.0}),
        ("card_failures_1h == 5", {"card_failures_1h": 5.0}),
        ("amount_minor > 1849.5", {"amount_minor": 1_850}),
        ("amount in [1, 2, 3]", {"amount": 2.0}),
        ("currency in ['EUR', 'USD']", {}),
        ("pickup_zone < 'zone_b'", {"pickup_zone": "zone_a"}),
        ("card_id.startsWith('card_a') && device_id.endsWith('b')", {"device_id": "dev_b"}),
        ("double(amount_minor) * 1.5 > 2000.0", {"amount_minor": 1_850}),
        ("distance_m > 0 && amount_minor / distance_m > 3", {"distance_m": 100}),
        ("[card_payments_5m, user_payments_5m].exists(n, n >= 6.0)", {"user_payments_5m": 6.0}),
        ("size([rating, amount].filter(n, n > 3)) == 2", {"rating": 4.0, "amount": 4.0}),
        ("!known(user_speed)", {"user_speed": NAN}),
        ("!known(promo_id)", {"promo_id": ""}),
        ("user_speed > 3 || amount > 1", {"user_speed": NAN, "amount": 2.0}),
        ("amount > 1 ? rating > 4 : rating > 5", {"amount": 2.0, "rating": 4.5}),
    ],
)
def test_what_holds(text: str, values: dict[str, float | str]) -> None:
    assert holds(text, **values)


@pytest.mark.parametrize(
    "text", ["user_speed > 3", "user_speed <= 3", "!(user_speed > 3)", "user_speed < amount"]
)
def test_a_comparison_with_a_missing_value_is_neither_true_nor_false(text: str) -> None:
    with pytest.raises(TypeError):
        holds(text, user_speed=NAN)


def test_a_missing_value_equals_nothing() -> None:
    assert not holds("user_speed == 3", user_speed=NAN)
    assert holds("user_speed != 3", user_speed=NAN)
    assert not known(NAN)
    assert known(0.0)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "empty"),
        ("  \n", "empty"),
        (
            "card_failure_1h >= 5",
            r"column 1: there is no variable card_failure_1h; did you mean card_failures_1h\?",
        ),
        ("amount > 1 &&\n  amout > 2", r"line 2, column 3: .*did you mean amount\?"),
        ("xyzzy > 1", r"docs/rules\.md lists them"),
        ("(amount > 3", r"column 12: missing '\)' at the end"),
        ("amount > 3 &&", "column 14: mismatched input the end;"),
        ("amount > 3 amount", "column 12: "),
        ("amount * 2 > 4", r"float \* int; write 2\.0"),
        ("amount_minor * 1.5 > 2.0", r"double\(amount_minor\)"),
        ("amount", "column 1: amount is neither true nor false: compare it"),
        ("amount_minor + 1", r"amount_minor \+ 1 is neither"),
        ("amount > 1 ? 'a' : 'b'", "neither true nor false"),
        (
            "known(promo_id) ? amount > 1 : [amount > 1][5]",
            "it fails on amount = 0.0, promo_id = : index out",
        ),
        ("'a'", "nothing of the payment"),
        ("true", "nothing of the payment"),
        ("1 > 2", "nothing of the payment"),
        ("[1].exists(i, i > 0)", "nothing of the payment"),
        ("amount_minor / distance_m > 3", "fails on amount_minor = 1, distance_m = 0: a division by zero"),
        ("amount.x > 3", "column 8: x is no field"),
        ("has(amount.x)", r"known\(x\)"),
        ("[amount].exists(amount, amount > 1)", "another name"),
        ("amount == null || card_id > 3", "column 19: card_id > 3 fails"),
        ("amount > 1 && !(rating > 2 && promo_used)", "column 31: promo_used is neither true nor false"),
        (
            "amount_minor > 2000000000 && amount_minor * 1.5 > 2.0",
            r"column 30: amount_minor \* 1.5 > 2.0 fails",
        ),
        ("amount > 1 && [1, 2].exists(i, i > 1) && i > 2", "i"),
        ("amount > 9223372036854775808", "invalid int literal"),
        ("amount > 3u", "there is no variable u"),
    ],
)
def test_a_fault_is_named_with_its_place_and_the_next_step(text: str, told: str) -> None:
    with pytest.raises(RuleRefused, match=told):
        compile_expression(text)


@pytest.mark.parametrize(
    "call",
    [
        "now() > 1", "timestamp('2026-01-01T00:00:00Z') > timestamp('2026-01-01T00:00:00Z')",
        "duration('1h') > duration('1s')", "card_id.matches('a')", "[1].map(i, i).size() > 0",
        "type(1) == int",
        "has(amount)", "dyn(1) > 0", "bytes('a') == bytes('a')", "uint(1) > 0", "max(1, 2) > 1", "eval('1')",
        "__import__('os')", "print('a')", "open('a')", "optional.of(1).hasValue()", "getattr(card_id, 'a')",
        "card_id.format() == 'a'", "card_id.lowerAscii() == 'a'", "math.abs(1) > 0", "cel.bind(i, 1, i > 0)",
    ],
)  # fmt: skip
def test_only_listed_functions_can_be_called(call: str) -> None:
    with pytest.raises(RuleRefused):
        compile_expression(f"amount > 1 || {call}")


def test_no_listed_function_asks_a_clock_or_chance() -> None:
    assert FUNCTIONS.isdisjoint({"now", "timestamp", "duration", "random", "uuid", "matches", "map"})


def test_the_length_is_bounded() -> None:
    fitting = "amount > 1" + " " * 1_990
    assert compile_expression(fitting)
    with pytest.raises(RuleRefused, match="2001 characters, 2000 are allowed"):
        compile_expression(fitting + " ")


def test_nesting_is_bounded() -> None:
    two = "[amount].exists(a, [2.0].exists(b, a > b))"
    assert compile_expression(two)
    with pytest.raises(RuleRefused, match="3 comprehensions stand within one another, 2 may"):
        compile_expression(f"[1.0].all(c, {two})")


@pytest.mark.parametrize(
    "text",
    [
        f"amount < 0 && [{', '.join(['1'] * 300)}].all(i, i > 0)",
        f"amount < 0 && [{', '.join(['1'] * 30)}].all(i, [{', '.join(['1'] * 30)}].all(j, i == j))",
        "amount < 0 && [card_id].all(s, [s + s + s + s].all(t, size([" + "t, " * 60 + "t]) > 0))",
    ],
)
def test_long_work_is_refused_even_where_samples_do_not_reach_it(text: str) -> None:
    with pytest.raises(RuleRefused, match="steps, 10,000 are allowed"):
        compile_expression(text)


def test_a_long_list_is_fine_without_a_comprehension() -> None:
    zones = ", ".join(f"'zone_{letter}'" for letter in "abcdefghij" * 12)
    require_fast(compile_expression(f"pickup_zone in [{zones}]"))


def test_a_slow_expression_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.rules.expression.MAX_TIME_US", 0.0)
    with pytest.raises(RuleRefused, match=r"it takes \d+ us, 0 are allowed"):
        require_fast(compile_expression("amount > 1"))


@pytest.mark.parametrize("opening", ["(", "[", "!", "- ", "amount > 1 ? "])
def test_deep_brackets_and_signs_do_no_harm(opening: str) -> None:
    with pytest.raises(RuleRefused):
        compile_expression((opening * 2_000)[:1_990])


def test_the_library_reads_the_words_that_we_read() -> None:
    text = (
        "[amount].exists(n, n > 1.0) && size(card_id) > 2 && 'a' in ['a'] && !known(rating) && -rating < 1.0"
    )
    program = cel.compile(text)
    assert set(program.variables()) == {"amount", "card_id", "rating", "n"}
    assert {"size", "known"} <= set(program.functions())
    assert compile_expression(text)


_pieces = st.sampled_from(
    ["amount", "card_id", "n", "known", "exists", "filter", "size", "'a'", "1", "2.5", "(", ")", "[", "]",
     ",", ".", "&&", "||", "!", "-", "+", "/", "%", "==", ">", "in", "?", ":", "true", "null", " "]
)  # fmt: skip


@given(st.lists(_pieces, max_size=14).map("".join) | st.text(max_size=30))
def test_whatever_is_written_is_taken_or_refused(text: str) -> None:
    try:
        expression = compile_expression(text)
    except RuleRefused:
        return
    assert isinstance(expression.execute(context_of(SAMPLES[1], asks_known=True)), bool)


def test_an_evaluation_needs_nothing_but_its_values() -> None:
    before = set(sys.modules)
    assert holds("amount >= 1")
    assert set(sys.modules) == before
